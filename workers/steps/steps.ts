/**
 * The steps that a body goes through in the worker, in order, once its encoding is undone. A run has those that its
 * settings ask for; they are loaded when the first body needs them.
 */
import type { StoreSettings } from '../../src/protocol/settings.js';
import type { Step } from './step.js';

/** What of the settings decides on steps. */
type Wanting = Pick<StoreSettings, 'imageCheck'>;

interface Row {
  readonly isWanted: (settings: Wanting) => boolean;
  readonly load: () => Promise<Step>;
}

const STEPS: readonly Row[] = [
  {
    isWanted: ({ imageCheck }) => imageCheck !== 'none',
    load: async () => (await import('./structure.js')).structure,
  },
  {
    isWanted: ({ imageCheck }) => imageCheck === 'pixels',
    load: async () => (await import('./pixels.js')).pixels,
  },
];

const loaded = new Map<Row, Step>();

/** Whether bodies are stored as they are. */
export function hasSteps(settings: Wanting): boolean {
  return STEPS.some(({ isWanted }) => isWanted(settings));
}

/** Before anything is requested: what a run's steps need is there. @throws UsageError where it is not */
export async function prepareSteps(settings: Wanting): Promise<void> {
  if (hasSteps(settings)) for (const { prepare } of await stepsFor(settings)) await prepare?.();
}

/** Those of a run; at once, but for the first time. */
export function stepsFor(settings: Wanting): readonly Step[] | Promise<readonly Step[]> {
  const rows = STEPS.filter(({ isWanted }) => isWanted(settings));
  const steps = rows.map((row) => loaded.get(row));
  return steps.every((step) => step !== undefined) ? steps : loadAll(rows);
}

async function loadAll(rows: readonly Row[]): Promise<readonly Step[]> {
  const steps = await Promise.all(rows.map(({ load }) => load()));
  for (const [at, row] of rows.entries()) loaded.set(row, steps[at] as Step);
  return steps;
}

/** What is stored of a body. @throws SluiceError of the step that refuses it */
export function applySteps(bytes: Uint8Array, settings: StoreSettings): Uint8Array | Promise<Uint8Array> {
  const steps = stepsFor(settings);
  return steps instanceof Promise ? steps.then((its) => applyFrom(0, its, bytes)) : applyFrom(0, steps, bytes);
}

function applyFrom(first: number, steps: readonly Step[], body: Uint8Array): Uint8Array | Promise<Uint8Array> {
  let bytes = body;
  for (let at = first; at < steps.length; at += 1) {
    const next = (steps[at] as Step).apply(bytes);
    if (next instanceof Promise) return next.then((made) => applyFrom(at + 1, steps, made));
    bytes = next;
  }
  return bytes;
}
