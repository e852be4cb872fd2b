/** Lines of `--events`, each of which the schema has to take. */
import { Ajv2020 } from 'ajv/dist/2020.js';
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

export type EventLine = Readonly<Record<string, unknown>> & { readonly event: string };

const schema = JSON.parse(
  readFileSync(fileURLToPath(new URL('../../../src/results/events.schema.json', import.meta.url)), 'utf8'),
) as object;
const validate = new Ajv2020({ allErrors: true, strict: true, strictRequired: false, strictTypes: false }).compile(
  schema,
);

export function eventLines(text: string): readonly EventLine[] {
  assert.ok(text.endsWith('\n'), text.slice(-200));
  return text
    .trimEnd()
    .split('\n')
    .map((line) => {
      const value = JSON.parse(line) as EventLine;
      assert.ok(validate(value), `${line}\n${JSON.stringify(validate.errors)}`);
      return value;
    });
}
