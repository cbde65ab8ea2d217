import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { obstacleToSteering } from '../../testkit/servers/shared-port.ts';
import { FuzzFailure, type Host, runTarget, target } from './run-target.ts';
import { type SubjectMode, startHost, subjectModes } from './subject.ts';
import { targets } from './targets.ts';

/** For each target. A second shows that it works; `npm run fuzz` searches longer. */
const seconds = Number(process.env.FUZZ_SECONDS ?? 1);
/** Targets that depend on the port mode. */
const atThePort = new Set(['http', 'udp', 'tcp']);
const obstacle = obstacleToSteering();

const servers: { mode: SubjectMode; names: Set<string> }[] = [
  { mode: 'single-port', names: new Set(targets.map(({ name }) => name)) },
  { mode: 'shared-port-and-http', names: atThePort },
];

describe.each(servers)('$mode', ({ mode, names }) => {
  describe.skipIf(mode !== 'single-port' && obstacle !== undefined)('withstands', () => {
    let host: Host;
    beforeAll(async () => {
      host = await startHost(mode);
    });
    afterAll(() => host.subject.stop());

    test.each(targets.filter(({ name }) => names.has(name)))(
      '$name',
      { timeout: 120_000 + 2000 * seconds },
      async (one) => {
        expect(await runTarget(one, host, { mode, seconds })).toBeGreaterThan(0);
      },
    );
  });
});

test('a dead worker is detected, and the batch that killed it can be repeated', {
  timeout: 120_000,
}, async () => {
  const mode = subjectModes[0];
  const killer = target('killer', fc.boolean(), async ({ server }, kills) => {
    const pid = server.pool.workers[1]?.worker.pid;
    if (kills && pid) {
      process.kill(pid, 'SIGKILL');
    }
  });
  const find = async (path?: string) => {
    const host = await startHost(mode);
    try {
      await runTarget(killer, host, { mode, seconds: 60, seed: 1, path });
      return undefined;
    } catch (error) {
      return error;
    } finally {
      await host.subject.stop();
    }
  };
  const found = await find();
  expect(found).toBeInstanceOf(FuzzFailure);
  expect(String(found)).toContain('it was: [true]');
  const [, path] = /--seed 1 --path (\S+)/.exec(String(found)) ?? [];
  expect(String(await find(path))).toContain('it was: [true]');
});
