import { connectQuerySchema, lookSchema, requests } from '@oneport/protocol';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { fromSchema } from './from-schema.ts';
import { nearlyValid } from './hostile.ts';
import { withIds } from './ids.ts';
import { produceData } from './produce-data.ts';

const schemas = Object.entries({
  ...Object.fromEntries(Object.entries(requests).map(([method, { data }]) => [method, data])),
  'the query': connectQuerySchema,
  look: lookSchema,
}) as [string, z.ZodType][];

test.each(schemas)(
  '%s: values from its schema are valid, and nearly valid ones mostly are not',
  (_name, schema) => {
    const valid = fromSchema(schema);
    const passing = (values: unknown[]) =>
      values.filter((value) => schema.safeParse(value).success).length;
    expect(passing(fc.sample(valid, { numRuns: 50, seed: 1 }))).toBe(50);
    expect(passing(fc.sample(nearlyValid(valid), { numRuns: 50, seed: 1 }))).toBeLessThan(40);
  },
);

test('many values for produce are valid, so that they reach the worker', () => {
  const made = fc.sample(produceData, { numRuns: 200, seed: 1 });
  const valid = made.filter((data) => requests.produce.data.safeParse(data).success);
  expect(valid.length).toBeGreaterThan(80);
  expect(valid.length).toBeLessThan(200);
});

test('rejects a kind of schema that is not supported yet', () => {
  expect(() => fromSchema(z.object({ since: z.date() }))).toThrow(/Date cannot be represented/);
});

test('placeholders become the known ids, or random ones', () => {
  const text = '"00000000-0000-4000-8000-000000000000"';
  expect(withIds(text, { sendTransport: 'mine' })).toBe('"mine"');
  expect(withIds(text, {})).not.toBe(withIds(text, {}));
});
