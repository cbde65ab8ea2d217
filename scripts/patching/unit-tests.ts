import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { track } from '../setup/children.mjs';
import { filesBelow } from '../setup/content-hash.mjs';
import { SetUpError } from '../setup/set-up-error.mjs';
import { buildTree, type Kind } from './build.ts';

/**
 * Builds and runs the worker's own C++ unit tests.
 *
 * @param tree - The work tree, or another one like it.
 * @returns What they say at the end, and which were left out and why.
 * @throws {SetUpError} When one fails.
 */
export async function runUnitTests(
  tree: string,
  kind: Kind,
): Promise<{ summary: string; left: string[] }> {
  const worker = join(tree, 'worker');
  const binary = await buildTree(tree, kind, 'mediasoup-worker-test');
  const left = withoutData(worker);
  const output = await run(binary, worker, left.map(({ name }) => `~"${name}"`).join(' '));

  return {
    summary: output.trimEnd().split('\n').at(-1) ?? '',
    left: left.map(({ name, file }) => `${name}: reads ${file}, which npm's tarball lacks`),
  };
}

/**
 * Tests that can't pass, because they open a file that mediasoup's repository has and its npm tarball hasn't.
 *
 * @param worker - mediasoup's worker folder.
 */
export function withoutData(worker: string): { name: string; file: string }[] {
  const sources = filesBelow(worker, 'test/src').filter((path) => path.endsWith('.cpp'));

  return sources.flatMap((source) =>
    readFileSync(join(worker, source), 'utf8')
      .split(/^(?=SCENARIO\(|TEST_CASE\()/m)
      .flatMap((test) => {
        const [, macro, name] = test.match(/^(SCENARIO|TEST_CASE)\(\s*"((?:[^"\\]|\\.)*)"/) ?? [];
        const file = [...test.matchAll(/readBinaryFile\(\s*"([^"]+)"/g)]
          .map(([, path]) => `test/${path}`)
          .find((path) => !existsSync(join(worker, path)));

        return name && file
          ? [{ name: macro === 'SCENARIO' ? `Scenario: ${name}` : name, file: `worker/${file}` }]
          : [];
      }),
  );
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
