import { expect, test } from 'vitest';
import { measureInTurns } from './runner.ts';
import type { Measured, Subject } from './scenario.ts';

/** A subject whose runs are given. */
function subject(name: string, order: string[], run: (n: number) => Measured): Subject {
  let n = 0;
  return {
    name,
    async run() {
      order.push(name);
      n += 1;
      return run(n);
    },
  };
}

const valid = (value: number): Measured => ({ figures: { cpu: value }, invalid: [] });

test('subjects take turns, each round in another order', async () => {
  const order: string[] = [];
  const subjects = ['a', 'b', 'c'].map((name) => subject(name, order, valid));
  const results = await measureInTurns({ subjects, rounds: 3, seconds: 1 });
  expect(order.join('')).toBe('abcbcacab');
  expect(results.map(({ runs }) => runs.length)).toEqual([3, 3, 3]);
});

test('an invalid run keeps no figures and is repeated; a run that throws is invalid', async () => {
  const order: string[] = [];
  const invalid = { figures: { cpu: 1 }, invalid: ['the generator was too slow'] };
  const results = await measureInTurns({
    subjects: [
      subject('steady', order, valid),
      subject('disturbed', order, (n) => (n === 2 ? invalid : valid(n))),
      subject('broken', order, (n) => {
        if (n === 1) {
          throw new Error('no port');
        }
        return valid(n);
      }),
    ],
    rounds: 2,
    seconds: 1,
  });
  const [steady, disturbed, broken] = results.map(({ runs }) => runs);
  expect(steady).toHaveLength(3);
  expect(disturbed?.[1]).toEqual({
    round: 2,
    figures: {},
    invalid: ['the generator was too slow'],
  });
  expect(broken?.[0]?.invalid).toEqual(['failed: no port']);
});

test('a subject without valid runs is given up', async () => {
  const never = subject('never', [], () => ({ figures: {}, invalid: ['lost packets'] }));
  const [result] = await measureInTurns({ subjects: [never], rounds: 5, seconds: 1 });
  expect(result?.runs).toHaveLength(10);
});
