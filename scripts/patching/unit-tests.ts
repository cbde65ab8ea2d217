import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { track } from '../setup/children.mjs';
import { SetUpError } from '../setup/set-up-error.mjs';
import { buildTree, type Kind } from './build.ts';

/** Tests that can't pass here, and why. */
const excluded = [
  {
    name: 'RTP Packet',
    // It opens them first, so all of it would fail.
    reason: "reads worker/test/data/packet1.raw, which mediasoup's npm tarball doesn't carry",
    applies: (worker: string) => !existsSync(join(worker, 'test/data/packet1.raw')),
    source: 'test/src/RTC/RTP/TestPacket.cpp',
  },
];

/**
 * Builds and runs the worker's own C++ unit tests.
 *
 * @param tree - The work tree, or another folder that holds mediasoup's source with patches.
 * @returns What they say at the end, and which were left out and why.
 * @throws {SetUpError} When one fails.
 */
export async function runUnitTests(
  tree: string,
  kind: Kind,
): Promise<{ summary: string; left: string[] }> {
  const worker = join(tree, 'worker');
  const binary = await buildTree(tree, kind, 'mediasoup-worker-test');
  const left = excluded.filter(({ applies }) => applies(worker));

  for (const { name, source } of left) {
    // An exclusion that names nothing would go unnoticed.
    if (!readFileSync(join(worker, source), 'utf8').includes(`SCENARIO("${name}"`)) {
      throw new SetUpError(`${source} has no test \`${name}\` to leave out any more`);
    }
  }

  const output = await run(binary, worker, left.map(({ name }) => `~Scenario: ${name}`).join(' '));

  return {
    summary: output.trimEnd().split('\n').at(-1) ?? '',
    left: left.map(({ name, reason }) => `${name}: ${reason}`),
  };
}

async function run(binary: string, worker: string, tests: string): Promise<string> {
  const child = track(
    // The tests open files relative to it.
    spawn(binary, tests ? [tests] : [], { cwd: worker, stdio: ['ignore', 'pipe', 'pipe'] }),
  );
  let output = '';

  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
  }

  const [code, signal] = await new Promise<[number | null, string | null]>((settle, fail) => {
    child.once('error', fail);
    child.once('close', (...outcome) => settle(outcome));
  });

  if (code !== 0) {
    throw new SetUpError(`the worker's unit tests failed (${signal ?? `exit code ${code}`})`, {
      tail: output.trimEnd().split('\n').slice(-60).join('\n'),
      advice: `Again, and only them:\n  cd ${worker} && ${binary} '${tests}'`,
    });
  }

  return output;
}
