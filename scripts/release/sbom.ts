import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { runNpm } from '../setup/run-logged.mjs';
import { readManifest } from '../worker/manifest.ts';

/** The parts of a CycloneDX 1.5 document that are read here; all others stay as npm writes them. */
const bomSchema = z.looseObject({
  bomFormat: z.literal('CycloneDX'),
  metadata: z.looseObject({ component: z.looseObject({ name: z.string() }) }),
  components: z.array(z.looseObject({ name: z.string() })),
});

export interface SbomOptions {
  /** The checkout. */
  readonly root: string;
  /** The path of the mediasoup worker. */
  readonly worker: string;
  /** The version of mediasoup. */
  readonly mediasoup: string;
  /** The path of the release's Node. undefined: it has none. */
  readonly node: string | undefined;
}

/**
 * Lists what a release consists of: the npm packages of the server and of the app that is built into it, the worker
 * with the libraries that are linked into it, and Node.
 *
 * @returns a CycloneDX document (ECMA-424)
 * @throws SetUpError when npm fails
 */
export async function makeSbom({ root, worker, mediasoup, node }: SbomOptions): Promise<string> {
  const bom = bomSchema.parse(JSON.parse(await npmSbom(root)));
  bom.metadata.component.name = 'oneport';
  bom.components.push(...workerComponents(worker, mediasoup));
  if (node) {
    bom.components.push({
      type: 'application',
      name: 'node',
      version: process.versions.node,
      purl: `pkg:generic/node@${process.versions.node}`,
      hashes: hashesOf(node),
    });
  }
  return `${JSON.stringify(bom, null, 2)}\n`;
}

/**
 * Runs `npm sbom` in a copy whose packages have no devDependencies. In the checkout `--omit=dev` would leave out mediasoup
 * and zod too, which a package.json also names for development.
 */
async function npmSbom(root: string): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'oneport-sbom-'));
  try {
    const lock = readJson(join(root, 'package-lock.json'));
    const packages: Record<string, Record<string, unknown>> = lock.packages;
    for (const path of Object.keys(packages).filter((one) => !one.includes('node_modules'))) {
      delete packages[path]?.devDependencies;
      const { devDependencies: _, ...own } = readJson(join(root, path, 'package.json'));
      mkdirSync(join(folder, path), { recursive: true });
      writeFileSync(join(folder, path, 'package.json'), JSON.stringify(own));
    }
    writeFileSync(join(folder, 'package-lock.json'), JSON.stringify(lock));
    const workspaces = ['--workspace=@oneport/server', '--workspace=@oneport/app'];
    const format = ['--sbom-format=cyclonedx', '--package-lock-only'];
    return await runNpm(['sbom', ...format, ...workspaces], { what: 'npm sbom', cwd: folder });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function workerComponents(worker: string, mediasoup: string) {
  const manifest = readManifest(worker);
  const patches = manifest?.patches.map(({ name }) => name) ?? [];
  return [
    {
      type: 'application',
      name: 'mediasoup-worker',
      version: manifest?.mediasoup ?? mediasoup,
      purl: `pkg:npm/mediasoup@${manifest?.mediasoup ?? mediasoup}`,
      hashes: hashesOf(worker),
      properties: [
        { name: 'oneport:source', value: manifest?.source ?? 'unknown' },
        ...patches.map((value) => ({ name: 'oneport:patch', value })),
      ],
    },
    ...Object.entries(manifest?.libraries.versions ?? {}).map(([name, version]) => ({
      type: 'library',
      name,
      version,
      properties: [{ name: 'oneport:origin', value: manifest?.libraries.origin ?? '' }],
    })),
  ];
}

function hashesOf(file: string) {
  const content = createHash('sha256').update(readFileSync(file)).digest('hex');
  return [{ alg: 'SHA-256', content }];
}

function readJson(file: string) {
  return JSON.parse(readFileSync(file, 'utf8'));
}
