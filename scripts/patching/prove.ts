import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { buildApp } from '../setup/app-build.mjs';
import { track } from '../setup/children.mjs';
import { getProgramsOfTests } from '../setup/programs.mjs';
import { SetUpError } from '../setup/set-up-error.mjs';
import { say } from '../setup/step.mjs';
import { findWorker } from '../worker/get-worker.ts';
import { readInputs } from '../worker/inputs.ts';
import { ways } from '../worker/ways.ts';
import { buildWorker } from './build.ts';
import { inCacheTree } from './cache-tree.ts';
import { closure } from './check.ts';
import { bringPatches } from './node-lib.ts';
import { type Patch, testsNamed } from './patch-file.ts';

/**
 * Shows that patches are tested: builds mediasoup without each, in turn, and runs the test files that its header
 * names. They must fail, and they must pass with all patches. For a patch that names no test file the build itself
 * must fail.
 *
 * @param names - Which; none: all.
 * @returns Whether each is proved.
 */
export async function prove(
  root: string,
  all: readonly Patch[],
  names: readonly string[],
): Promise<boolean> {
  const unknown = names.filter((name) => !all.some((patch) => patch.name === name));

  if (unknown.length > 0) {
    throw new SetUpError(`there is no patch ${unknown.join(', ')}`);
  }

  const chosen = all.filter(({ name }) => names.length === 0 || names.includes(name));
  const files = [...new Set(chosen.flatMap((patch) => testsOf(root, patch)))];
  const results: string[] = [];
  let proved = true;

  try {
    if (files.length > 0) {
      await mustPassWithAll(root, all, files);
    }
    for (const patch of chosen) {
      const { ok, how } = await proveOne(root, all, patch);

      proved &&= ok;
      results.push(`${patch.name}: ${how}`);
    }
  } finally {
    await bringPatches(root, all);
  }
  for (const result of results) {
    say(result);
  }

  return proved;
}

async function proveOne(
  root: string,
  all: readonly Patch[],
  patch: Patch,
): Promise<{ ok: boolean; how: string }> {
  const without = all.filter((other) => !closure(other, all).has(patch.name));
  const files = testsOf(root, patch);

  say(`without ${patch.name}: ${files.length > 0 ? files.join(', ') : 'the build'} must fail`);
  if (files.length === 0) {
    const reason = await reasonNotToBuild(root, without);

    return reason
      ? { ok: true, how: `without it there is no build: ${reason.split('\n')[0]}` }
      : { ok: false, how: 'NOT PROVED: it names no test file, and the worker builds without it' };
  }

  const passing = await passingWith(root, without, files);

  return passing.length > 0
    ? { ok: false, how: `NOT PROVED: without it ${passing.join(', ')} passes` }
    : {
        ok: true,
        how: `without it ${files.join(' and ')} ${files.length === 1 ? 'fails' : 'fail'}`,
      };
}

/** A test that fails anyway proves nothing. */
async function mustPassWithAll(
  root: string,
  all: readonly Patch[],
  files: readonly string[],
): Promise<void> {
  await bringPatches(root, all);

  const binary = findWorker(readInputs(root), ways, { ...process.env, ONEPORT_WORKER: 'patched' });
  // With none at hand, the tree is where the builds without a patch can go on from this one.
  const pass = binary
    ? await testsPass(root, binary, files)
    : (await passingWith(root, all, files)).length === files.length;

  if (!pass) {
    throw new SetUpError(`with all patches, ${files.join(', ')} must pass first`);
  }
}

/**
 * Runs test files, each by itself, with a worker and JavaScript that have these patches.
 *
 * @returns Those that pass.
 */
function passingWith(
  root: string,
  patches: readonly Patch[],
  files: readonly string[],
): Promise<string[]> {
  return inCacheTree(root, patches, async (tree) => {
    const binary = await buildWorker(root, tree, 'release');
    const passing: string[] = [];

    await bringPatches(root, patches);
    for (const file of files) {
      if (await testsPass(root, binary, [file])) {
        passing.push(file);
      }
    }

    return passing;
  });
}

/** As `npm test` runs them, but for the worker and the JavaScript. */
async function testsPass(root: string, worker: string, files: readonly string[]): Promise<boolean> {
  const programs = await getProgramsOfTests();

  await buildApp(root, process.execPath);

  const child = track(
    spawn(process.execPath, [join(root, 'node_modules/vitest/vitest.mjs'), 'run', ...files], {
      cwd: root,
      env: {
        MEDIASOUP_LISTEN_IP: '127.0.0.1',
        ...process.env,
        ...programs,
        MEDIASOUP_WORKER_BIN: worker,
      },
      stdio: 'inherit',
    }),
  );
  const code = await new Promise((settle, fail) => {
    child.once('error', fail);
    child.once('close', settle);
  });

  return code === 0;
}

async function reasonNotToBuild(
  root: string,
  patches: readonly Patch[],
): Promise<string | undefined> {
  try {
    await inCacheTree(root, patches, (tree) => buildWorker(root, tree, 'release'));

    return undefined;
  } catch (error) {
    if (!(error instanceof SetUpError)) {
      throw error;
    }

    return error.what;
  }
}

/** @throws {SetUpError} When the patch's header names a test file that isn't there. */
function testsOf(root: string, patch: Patch): string[] {
  const files = testsNamed(patch);
  const missing = files.filter((file) => !existsSync(join(root, file)));

  if (missing.length > 0) {
    throw new SetUpError(`${patch.name} is tested by ${missing.join(', ')}, which isn't there`);
  }

  return files;
}
