/** Checks that the worker has the patches that the settings need. */
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import { StartError } from '../config/start-error.ts';
import type { Config } from '../config/types.ts';

interface Requirement {
  setting: string;
  isOn(config: Config): boolean;
  /** The name of a file in patches/, as in worker manifests. */
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
];

/** The rest is described in docs/worker.md. */
const manifestSchema = z.object({ patches: z.array(z.object({ name: z.string() })) });

/** @throws StartError when a setting needs a patch that the worker lacks */
export function checkWorkerPatches(config: Config): void {
  const required = requirements.filter(({ isOn }) => isOn(config));
  if (required.length === 0) {
    return;
  }

  const { workerBin } = config.media;
  const patches = workerBin === undefined ? [] : patchesOf(workerBin);
  const missing = required.filter(({ patch }) => !patches.includes(patch));
  if (missing.length === 0) {
    return;
  }
  throw new StartError(
    [
      ...missing.map(({ setting, patch }) => `  ${setting} needs a worker with patches/${patch}.`),
      `  ${workerBin ?? "The worker of mediasoup's own installation"} has no manifest.json beside it that lists the patch.`,
      '  Run `npm run worker -- --rebuild`, which builds a worker for npm start, and unset MEDIASOUP_WORKER_BIN.',
    ].join('\n'),
  );
}

/**
 * Reads the manifest beside a worker.
 *
 * @returns the names of the worker's patches; none without a manifest, as with a worker of mediasoup itself
 * @throws StartError when the manifest can't be read
 */
function patchesOf(workerBin: string): string[] {
  const file = join(dirname(workerBin), 'manifest.json');
  if (!existsSync(file)) {
    return [];
  }
  try {
    return manifestSchema
      .parse(JSON.parse(readFileSync(file, 'utf8')))
      .patches.map(({ name }) => name);
  } catch (error) {
    throw new StartError(
      `  ${file} is not a worker's manifest. Run \`npm run worker -- --rebuild\` to build the worker and its manifest again.`,
      { cause: error },
    );
  }
}
