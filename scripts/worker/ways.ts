import { SetUpError } from '../setup/set-up-error.mjs';
import { step } from '../setup/step.mjs';
import { store } from './cache.ts';
import type { Source, WorkerInputs } from './inputs.ts';
import { ninjaProgress } from './ninja-progress.ts';
import { downloadPrebuilt } from './prebuilt.ts';
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
   * @returns The binary's path.
   * @throws {SetUpError} Saying why it can't be had this way.
   */
  get(inputs: WorkerInputs): Promise<string>;
}

/** All ways, in the order in which they are tried. */
export const ways: readonly Way[] = [
  {
    source: 'prebuilt',
    title: "mediasoup's prebuilt worker",
    get: (inputs) =>
      step('worker', "downloading mediasoup's prebuilt worker", () =>
        store(inputs, 'prebuilt', (folder) => verified(downloadPrebuilt(inputs, folder))),
      ),
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

      return step('worker', `building mediasoup-worker ${describe(inputs)}`, ({ show }) =>
        store(inputs, 'debian', (folder) =>
          verified(buildWithDebian(inputs, folder, ninjaProgress(show, progressStep()))),
        ),
      );
    },
  },
  {
    source: 'wraps',
    title: "a build with mediasoup's Meson wraps",
    get: (inputs) =>
      step(
        'worker',
        `building mediasoup-worker ${describe(inputs)} (downloads its libraries)`,
        ({ show }) =>
          store(inputs, 'wraps', (folder) =>
            verified(buildWithWraps(inputs, folder, ninjaProgress(show, progressStep()))),
          ),
      ),
  },
];

/**
 * Whether a way may be used at all.
 *
 * @param env - ONEPORT_LIBRARIES (`debian` or `wraps`) names the only way to build. ONEPORT_WORKER=patched and
 *   MEDIASOUP_USE_WEBRTC_SERVER=shared ask for our patches, and so does ICE_UFRAG=room-and-peer.
 * @param building - True when only a build of our own will do.
 * @throws {SetUpError} When a variable has a value that doesn't exist.
 */
export function isWanted(source: Source, env: NodeJS.ProcessEnv, building = false): boolean {
  const libraries = oneOf(env, 'ONEPORT_LIBRARIES', ['debian', 'wraps']);
  const patched =
    oneOf(env, 'ONEPORT_WORKER', ['patched', 'any', 'tree']) === 'patched' ||
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

async function verified<T extends { binary: string }>(made: Promise<T>): Promise<T> {
  const result = await made;

  await verifyWorker(result.binary);

  return result;
}

function describe({ mediasoup, patches }: WorkerInputs): string {
  return `${mediasoup.version} with ${patches.length} patches; this takes a few minutes, once`;
}

function progressStep(): number {
  return process.stderr.isTTY ? 1 : 10;
}
