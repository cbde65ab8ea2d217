/** Which settings need a patched worker, and whether the worker is one. */
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import { StartError } from '../config/start-error.ts';
import type { Config } from '../config/types.ts';

interface Need {
  setting: string;
  isOn(config: Config): boolean;
  /** The name of a file in patches/, as manifests have it. */
  patch: string;
}

/** A worker without the patch doesn't refuse what it doesn't know: it ignores it. */
const needs: readonly Need[] = [
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

/** The part of it that counts here; docs/worker.md has the rest. */
const workerManifest = z.object({ patches: z.array(z.object({ name: z.string() })) });

/**
 * @param config - the settings
 * @throws StartError when a setting needs a patch that the worker lacks
 */
export function checkWorkerPatches(config: Config): void {
  const wanted = needs.filter(({ isOn }) => isOn(config));
  if (wanted.length === 0) {
    return;
  }

  const { workerBin } = config.media;
  const patches = workerBin === undefined ? [] : patchesOf(workerBin);
  const missing = wanted.filter(({ patch }) => !patches.includes(patch));
  if (missing.length === 0) {
    return;
  }
  throw new StartError(
    [
      ...missing.map(({ setting, patch }) => `  ${setting} needs a worker with patches/${patch}.`),
      `  ${workerBin ?? "The worker of mediasoup's own installation"} has no manifest.json beside it that names it.`,
      '  `npm run worker -- --rebuild` builds one that npm start then takes; if you set MEDIASOUP_WORKER_BIN, unset it.',
    ].join('\n'),
  );
}

/**
 * What a worker's manifest says that it carries.
 *
 * @param workerBin - the worker's program
 * @returns the names of the patches; none when nothing lies beside it, as with a worker of mediasoup's own
 * @throws StartError when a manifest is there and can't be read
 */
function patchesOf(workerBin: string): string[] {
  const file = join(dirname(workerBin), 'manifest.json');
  if (!existsSync(file)) {
    return [];
  }
  try {
    return workerManifest
      .parse(JSON.parse(readFileSync(file, 'utf8')))
      .patches.map(({ name }) => name);
  } catch (error) {
    throw new StartError(
      `  ${file} is not a worker's manifest. \`npm run worker -- --rebuild\` makes a new one.`,
      { cause: error },
    );
  }
}
