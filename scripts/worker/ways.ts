import { basename } from 'node:path';
import { SetUpError } from '../setup/set-up-error.mjs';
import { step } from '../setup/step.mjs';
import { store, type WorkerFacts } from './cache.ts';
import { rememberDownload, requireHash } from './hashes.ts';
import type { Source, WorkerInputs } from './inputs.ts';
import { downloadPrebuilt, prebuiltUrl } from './prebuilt.ts';
import { isReachable } from './reachable.ts';
import { buildWithDebian, installBuildPackages, reasonNotDebian } from './recipe/debian.ts';
import { buildWithWraps } from './recipe/wraps.ts';
import { verifyWorker } from './verify.ts';

/** One way of getting a worker. */
export interface Way {
  readonly source: Source;
  /** For messages. */
  readonly title: string;
  /**
   * Gets the worker into the cache.
   *
   * @returns the binary's path
   * @throws SetUpError that says why it is not available this way
   */
  get(inputs: WorkerInputs): Promise<string>;
}

/** All ways, in the order in which they are tried. */
export const ways: readonly Way[] = [
  {
    source: 'prebuilt',
    title: "mediasoup's prebuilt worker",
    async get(inputs) {
      const why = "downloading mediasoup's prebuilt worker, which lacks our security patches";
      const binary = await make(inputs, 'prebuilt', why, downloadPrebuilt);
      rememberDownload(basename(prebuiltUrl(inputs)), binary);
      return binary;
    },
  },
  {
    source: 'debian',
    title: "a build with Debian's libraries",
    async get(inputs) {
      const reason = reasonNotDebian();
      if (reason) {
        throw new SetUpError(reason);
      }
      await installBuildPackages();
      return make(inputs, 'debian', building(inputs), buildWithDebian);
    },
  },
  {
    source: 'wraps',
    title: "a build with mediasoup's Meson wraps",
    get: (inputs) =>
      make(inputs, 'wraps', `${building(inputs)} (downloads its libraries)`, buildWithWraps),
  },
];

type Make = (
  inputs: WorkerInputs,
  folder: string,
  onLine: (line: string) => void,
) => Promise<{ binary: string; facts: WorkerFacts }>;

function make(inputs: WorkerInputs, source: Source, why: string, work: Make): Promise<string> {
  return step('worker', why, ({ show }) =>
    store(inputs, source, async (folder) => {
      const made = await work(inputs, folder, ninjaProgress(show));
      // Before it runs for the first time.
      requireHash(made.binary);
      await verifyWorker(made.binary);
      return made;
    }),
  );
}

function building({ mediasoup, patches }: WorkerInputs): string {
  return `building mediasoup-worker ${mediasoup.version} with ${patches.length} patches; this takes a few minutes, once`;
}

/**
 * Turns ninja's `[37/279] Compiling...` into progress in steps of 10 %.
 *
 * @returns to be called with each line of ninja's output
 */
export function ninjaProgress(show: (text: string) => void): (line: string) => void {
  let shown = -1;
  return (line) => {
    const [, done, all] = line.match(/^\[(\d+)\/(\d+)\]/) ?? [];
    if (done === undefined || all === undefined) {
      return;
    }
    const percent = Math.floor((10 * Number(done)) / Number(all)) * 10;
    if (percent > shown) {
      shown = percent;
      show(`compiled ${percent} %`);
    }
  };
}

/**
 * Whether a way may be used at all.
 *
 * @param env - ONEPORT_LIBRARIES (`debian` or `wraps`) names the only way to build. ONEPORT_WORKER=patched,
 *   MEDIASOUP_USE_WEBRTC_SERVER=shared and ICE_UFRAG=room-and-peer require our patches, and so does a server that
 *   other machines can reach, unless ONEPORT_WORKER=any.
 * @param building - true when only a build of our own will do
 * @throws SetUpError when a variable has an unknown value
 */
export function isWanted(source: Source, env: NodeJS.ProcessEnv, building = false): boolean {
  const libraries = oneOf(env, 'ONEPORT_LIBRARIES', ['debian', 'wraps']);
  const choice = oneOf(env, 'ONEPORT_WORKER', ['patched', 'any', 'tree']);
  const patched =
    choice === 'patched' ||
    (choice === undefined && isReachable(env)) ||
    env.MEDIASOUP_USE_WEBRTC_SERVER === 'shared' ||
    env.ICE_UFRAG === 'room-and-peer';
  if (source === 'prebuilt') {
    return !building && !patched && libraries === undefined;
  }
  return libraries === undefined || libraries === source;
}

function oneOf(env: NodeJS.ProcessEnv, name: string, values: string[]): string | undefined {
  const value = env[name] || undefined;
  if (value !== undefined && !values.includes(value)) {
    throw new SetUpError(`${name} is ${value}; it may be ${values.join(' or ')}, or unset.`);
  }
  return value;
}
