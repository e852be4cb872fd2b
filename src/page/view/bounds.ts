/** What holds up a run, told apart by pattern as well as by colour. */
import { type Markup, markup } from '../../charts/markup.js';
import type { Bound } from '../../outcome.js';

/** Lines of a tile of 8 by 8. */
const HATCHES: Readonly<Record<Bound, string>> = {
  storage: 'M-2 2L2-2M0 8L8 0M6 10L10 6',
  cpu: 'M0 0L8 8M8 0L0 8',
  budget: 'M2 2h1M6 6h1',
  'main thread': 'M2 0V8M6 0V8',
  server: 'M0 2H8M0 6H8',
  network: 'M-2 6L2 10M0 0L8 8M6-2L10 2',
  list: 'M0 4H8M4 0V8',
  reader: 'M0 2H4M4 6H8',
  limit: 'M0 6L4 2L8 6',
};

export const BOUNDS = Object.keys(HATCHES) as readonly Bound[];

/** As the name of a class and of a pattern. */
export function slug(bound: Bound): string {
  return bound.replace(' ', '-');
}

/** Once on a page, for all that is filled with them. */
export function patterns(): Markup {
  const each = BOUNDS.map(
    (bound) =>
      markup`<pattern id="p-${slug(bound)}" width="8" height="8" patternUnits="userSpaceOnUse"><rect class="c-${slug(bound)}" width="8" height="8"/><path class="hatch" d="${HATCHES[bound]}"/></pattern>`,
  );
  return markup`<svg width="0" height="0" aria-hidden="true"><defs>${each}</defs></svg>`;
}

export function swatch(bound: Bound): Markup {
  return markup`<svg class="swatch" width="28" height="14" aria-hidden="true"><rect class="b-${slug(bound)}" width="28" height="14"/></svg>`;
}
