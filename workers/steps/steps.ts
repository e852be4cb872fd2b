/**
 * The steps that a body goes through in the worker, in order, once its encoding is undone. A run has those that its
 * settings ask for; they are loaded when the first body needs them.
 */
import type { StoreSettings } from '../../src/protocol/settings.js';
import type { Made, Step } from './step.js';

interface Row {
  readonly isWanted: (settings: StoreSettings) => boolean;
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
  {
    isWanted: ({ images }) => images !== undefined,
    load: async () => (await import('./remake.js')).remake,
  },
];

const loaded = new Map<Row, Step>();

/** Whether bodies are stored as they are. */
export function hasSteps(settings: StoreSettings): boolean {
  return STEPS.some(({ isWanted }) => isWanted(settings));
}

/** Those of a run; at once, but for the first time. */
export function stepsFor(settings: StoreSettings): readonly Step[] | Promise<readonly Step[]> {
  const rows = STEPS.filter(({ isWanted }) => isWanted(settings));
  const steps = rows.map((row) => loaded.get(row));
  return steps.every((step) => step !== undefined) ? steps : loadAll(rows, settings);
}

async function loadAll(rows: readonly Row[], settings: StoreSettings): Promise<readonly Step[]> {
  const steps = await Promise.all(rows.map(({ load }) => load()));
  await Promise.all(steps.flatMap((step) => step.prepare?.(settings) ?? []));
  for (const [at, row] of rows.entries()) loaded.set(row, steps[at] as Step);
  return steps;
}

/** What is stored of a body. @throws SluiceError of the step that refuses it */
export function applySteps(bytes: Uint8Array, settings: StoreSettings): Made | Promise<Made> {
  const steps = stepsFor(settings);
  const made = { bytes };
  return steps instanceof Promise
    ? steps.then((its) => applyFrom(0, its, made, settings))
    : applyFrom(0, steps, made, settings);
}

function applyFrom(first: number, steps: readonly Step[], given: Made, settings: StoreSettings): Made | Promise<Made> {
  let made = given;
  for (let at = first; at < steps.length; at += 1) {
    const next = (steps[at] as Step).apply(made, settings);
    if (next instanceof Promise) return next.then((later) => applyFrom(at + 1, steps, later, settings));
    made = next;
  }
  return made;
}
