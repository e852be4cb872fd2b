/** What is raced: each scenario asks for one thing that a downloader has to be good at. */

export const SCENARIO_NAMES = ['fast', 'slow', 'latency', 'big'] as const;
export type ScenarioName = (typeof SCENARIO_NAMES)[number];

export interface Scenario {
  readonly name: ScenarioName;
  readonly bodies: 'small' | 'large';
  /** Unless `--files` tells another number; it does not for large ones. */
  readonly files: number;
  /** Requests at once. */
  readonly requests: number;
  /** Milliseconds that the server lets a request wait. */
  readonly delay: number;
  /** Where the contestants store: beside the corpus, or on the storage that `--slow-dir` names. */
  readonly storage: 'near' | 'slow';
}

export const SCENARIOS: Readonly<Record<ScenarioName, Scenario>> = {
  fast: { name: 'fast', bodies: 'small', files: 20_000, requests: 64, delay: 0, storage: 'near' },
  slow: { name: 'slow', bodies: 'small', files: 1000, requests: 64, delay: 0, storage: 'slow' },
  latency: { name: 'latency', bodies: 'small', files: 5000, requests: 500, delay: 100, storage: 'near' },
  big: { name: 'big', bodies: 'large', files: 4, requests: 4, delay: 0, storage: 'near' },
};
