/** The metrics, read by the parser of the Prometheus client for Python: of another maker, and the strictest that there is. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { describe, test } from 'node:test';
import { toOpenMetrics } from '../../src/page/metrics.js';
import { begun, halfway } from '../helpers/snapshots.js';

const READ = `
import json, sys
from prometheus_client.openmetrics.parser import text_string_to_metric_families as read
families = read(sys.stdin.read())
print(json.dumps([[f.name, f.type, f.unit, [[s.name, s.labels, s.value] for s in f.samples]] for f in families]))
`;

type Family = readonly [name: string, type: string, unit: string, samples: [string, Record<string, string>, number][]];

/** The first on the PATH, or that of the system: Debian's package is for that one. */
const PYTHON = ['python3', '/usr/bin/python3'].find(
  (python) => spawnSync(python, ['-c', 'import prometheus_client.openmetrics.parser']).status === 0,
);
const skip = PYTHON === undefined && 'needs python3 with prometheus-client (Debian: python3-prometheus-client)';

function read(text: string): ReadonlyMap<string, number> {
  const { stdout, stderr } = spawnSync(PYTHON as string, ['-c', READ], { input: text, encoding: 'utf8' });
  assert.equal(stderr, '');
  const families = JSON.parse(stdout) as Family[];
  return new Map(
    families.flatMap(([, , , samples]) =>
      samples.map(([name, labels, value]) => [`${name} ${Object.values(labels).join(' ')}`.trim(), value] as const),
    ),
  );
}

describe('/metrics', () => {
  test('is read by a parser of another maker, and has the numbers of the run', { skip }, () => {
    const metrics = read(toOpenMetrics(halfway));
    const wanted: Readonly<Record<string, number>> = {
      'sluice_items_total ok': 1200,
      'sluice_items_total not_found': 3,
      'sluice_items_total error': 40,
      'sluice_items_total skipped': 7,
      'sluice_errors_total NET_RESET': 30,
      sluice_duplicates_total: 2,
      'sluice_entries false': 2504,
      sluice_fetched_items_total: 1290,
      sluice_stored_bytes_total: 123_456_789,
      sluice_waiting_bytes: 3_000_000,
      sluice_requests_in_flight: 16,
      sluice_writers: 32,
      sluice_elapsed_seconds: 61.5,
      sluice_left_seconds: 61.9,
      'sluice_bound_seconds storage': 53,
      'sluice_bound_ratio storage': 53 / 61.5,
      'sluice_storage_seconds_total rename': 100,
      'sluice_build_info 0.1.0': 1,
    };
    for (const [name, value] of Object.entries(wanted)) assert.equal(metrics.get(name), value, name);
  });

  test('of a run of which nothing is known has what is known', { skip }, () => {
    const metrics = read(toOpenMetrics(begun));
    assert.equal(metrics.get('sluice_items_total ok'), 0);
    assert.ok(![...metrics.keys()].some((name) => /writers|entries|left|bound|storage/.test(name)));
  });

  test('escapes what a label may not have, and ends with its end', { skip }, () => {
    const text = toOpenMetrics({ ...halfway, run: { ...halfway.run, version: 'a"b\\c\nd' } });
    assert.equal(read(text).get('sluice_build_info a"b\\c\nd'), 1);
    assert.ok(text.endsWith('\n# EOF\n'));
  });
});
