import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { buildApp } from '../setup/app-build.mjs';
import { track } from '../setup/children.mjs';
import { getProgramsOfTests } from '../setup/programs.mjs';
import { SetUpError } from '../setup/set-up-error.mjs';
import { say } from '../setup/step.mjs';
import { buildWorker, inCacheTree } from './build.ts';
import { bringPatches } from './node-lib.ts';
import { closure, type Patch, testsNamed } from './patch-file.ts';

/**
 * Proves that patches are tested: with all patches the test files in their headers pass, and with a patch taken out
 * those in its header fail. If its header names none, the build itself must fail without it.
 *
 * @param names - the patches to prove; empty for all
 * @returns whether each is proved
 * @throws SetUpError on an unknown patch, a missing test file, or a test that fails with all patches
 */
export async function prove(
  root: string,
  all: readonly Patch[],
  names: readonly string[],
): Promise<boolean> {
  const chosen = all.filter(({ name }) => names.length === 0 || names.includes(name));
  const files = [...new Set(chosen.flatMap(testsNamed))];
  const missing = [
    ...names.filter((name) => !all.some((patch) => patch.name === name)),
    ...files.filter((file) => !existsSync(join(root, file))),
  ];
  if (missing.length > 0) {
    throw new SetUpError(`there is no ${missing.join(', ')}`);
  }
  const results: string[] = [];
  let proved = true;
  try {
    // A test that fails anyway proves nothing.
    const passing = files.length > 0 ? await passingWith(root, all, files) : [];
    if (passing.length < files.length) {
      throw new SetUpError(`with all patches, ${files.join(', ')} must pass first`);
    }
    for (const patch of chosen) {
      const without = all.filter((other) => !closure(other, all).includes(patch));
      const wanted = testsNamed(patch).join(' and ') || 'the build';
      say(`without ${patch.name}: ${wanted} must fail`);
      const passing = await passingWith(root, without, testsNamed(patch));
      proved &&= passing.length === 0;
      results.push(
        passing.length === 0
          ? `${patch.name}: without it, failed: ${wanted}`
          : `${patch.name}: NOT PROVED: without it, passed: ${passing.join(', ')}`,
      );
    }
  } finally {
    await bringPatches(root, all);
  }
  for (const result of results) {
    say(result);
  }
  return proved;
}

/**
 * Builds the worker with these patches and runs each test file alone with it, and with their JavaScript.
 *
 * @returns the files that pass; without files `the build` if it succeeds
 */
function passingWith(root: string, patches: readonly Patch[], files: readonly string[]) {
  return inCacheTree(root, patches, async (tree) => {
    if (files.length === 0) {
      return (await builds(root, tree)) ? ['the build'] : [];
    }
    const binary = await buildWorker(root, tree, 'release');
    const passing: string[] = [];
    await bringPatches(root, patches);
    for (const file of files) {
      if (await testsPass(root, binary, file)) {
        passing.push(file);
      }
    }
    return passing;
  });
}

async function builds(root: string, tree: string): Promise<boolean> {
  try {
    await buildWorker(root, tree, 'release');
    return true;
  } catch (error) {
    if (!(error instanceof SetUpError)) {
      throw error;
    }
    say(error.what);
    return false;
  }
}

/** Runs a test file as `npm test` does, except for the worker and the JavaScript. */
async function testsPass(root: string, worker: string, file: string): Promise<boolean> {
  const programs = await getProgramsOfTests();
  await buildApp(root, process.execPath);
  const env = { MEDIASOUP_LISTEN_IP: '127.0.0.1', ...process.env, ...programs };
  const args = [join(root, 'node_modules/vitest/vitest.mjs'), 'run', file];
  const child = spawn(process.execPath, args, {
    cwd: root,
    env: { ...env, MEDIASOUP_WORKER_BIN: worker },
    stdio: 'inherit',
  });
  const [code] = await once(track(child), 'close');
  return code === 0;
}
