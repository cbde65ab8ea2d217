/** Checks that the worker has the patches that the settings need, and knows the holes that missing ones leave. */
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import { StartError } from '../config/start-error.ts';
import type { Config } from '../config/types.ts';

/** An attack that a worker without a certain patch allows. */
export interface Hole {
  /** The name of a file in patches/, as in worker manifests. */
  patch: string;
  hole: string;
}

/** The command that builds a worker without holes, which npm start then uses. */
export const closingCommand = 'npm run worker -- --rebuild';

const holes: readonly Hole[] = [
  {
    patch: 'dtls-error-queue.patch',
    hole: "a client whose DTLS handshake fails can close another peer's media connection",
  },
  {
    patch: 'dtls-selected-tuple.patch',
    hole: "a datagram with a forged source address can divert a peer's media for seconds",
  },
  {
    patch: 'notification-rate.patch',
    hole: "a peer's packets can make the worker notify the server without bound, until it has no CPU and memory left",
  },
  {
    patch: 'key-frame-request-rate.patch',
    hole: 'a receiver can request key frames all the time, which lowers the picture quality of its room',
  },
  {
    patch: 'retransmission-rate.patch',
    hole: "a receiver's small requests can make the worker resend the same packets without bound, until it has no CPU left",
  },
  {
    patch: 'publisher-rate.patch',
    hole: 'a publisher can send packets at any rate, and the worker forwards all of them to everyone in the room',
  },
];

interface Requirement {
  setting: string;
  isOn(config: Config): boolean;
  patch: string;
}

/** A worker without the patch ignores the option, so the server must check. */
const requirements: readonly Requirement[] = [
  ...['udp-reuse-port.patch', 'known-ufrag-over-stale-tuple.patch'].map((patch) => ({
    setting: 'MEDIASOUP_USE_WEBRTC_SERVER=shared',
    isOn: ({ portMode }: Config) => portMode === 'shared-port',
    patch,
  })),
  {
    setting: 'ICE_UFRAG=room-and-peer',
    isOn: ({ media }) => media.iceUfrag === 'room-and-peer',
    patch: 'ice-username-fragment-prefix.patch',
  },
  ...holes.map(({ patch }) => ({
    setting: 'ONEPORT_WORKER=patched',
    isOn: ({ media }: Config) => media.workerChoice === 'patched',
    patch,
  })),
];

/** The rest is described in docs/worker.md. */
const manifestSchema = z.object({ patches: z.array(z.object({ name: z.string() })) });

/**
 * @returns the known holes of the worker
 * @throws StartError when the worker lacks a patch that a setting needs, or a security patch although other machines
 *   can reach the server
 */
export function checkWorkerPatches(config: Config): Hole[] {
  const { workerBin, workerChoice } = config.media;
  const patches = patchesOf(workerBin);
  const open = knownHoles(workerBin);
  const problems = requirements
    .filter((required) => required.isOn(config) && !patches.includes(required.patch))
    .map(({ setting, patch }) => `${setting} needs a worker with patches/${patch}.`);
  if (config.reachableBy && workerChoice === undefined) {
    problems.push(
      ...open.map(
        ({ patch, hole }) =>
          `${config.reachableBy} lets other machines reach the server, whose worker needs patches/${patch}: ${hole}.`,
      ),
    );
  }
  if (problems.length === 0) {
    return open;
  }
  const advice = `Run \`${closingCommand}\`, which builds a worker for npm start, and unset MEDIASOUP_WORKER_BIN.`;
  throw new StartError(
    [
      ...problems,
      `${workerBin ?? "The worker of mediasoup's own installation"} has no valid manifest.json beside it that lists the patch.`,
      config.reachableBy
        ? `${advice} ONEPORT_WORKER=any accepts a worker with these holes.`
        : advice,
    ]
      .map((line) => `  ${line}`)
      .join('\n'),
  );
}

/** @param workerBin - undefined: the worker of mediasoup's own installation */
export function knownHoles(workerBin: string | undefined): Hole[] {
  const patches = patchesOf(workerBin);
  return holes.filter(({ patch }) => !patches.includes(patch));
}

/** @returns the names of the worker's patches; none without a valid manifest, as with a worker of mediasoup itself */
function patchesOf(workerBin: string | undefined): string[] {
  if (workerBin === undefined) {
    return [];
  }
  const file = join(dirname(workerBin), 'manifest.json');
  try {
    return manifestSchema
      .parse(JSON.parse(readFileSync(file, 'utf8')))
      .patches.map(({ name }) => name);
  } catch {
    return [];
  }
}
