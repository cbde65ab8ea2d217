import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { aptInstall, hasApt, operatingSystem } from '../../setup/apt.mjs';
import { runLogged } from '../../setup/run-logged.mjs';
import { SetUpError } from '../../setup/set-up-error.mjs';
import type { WorkerFacts } from '../cache.ts';
import type { WorkerInputs } from '../inputs.ts';
import { type DebianSources, getCatch2, getDebianSources } from './debian-sources.ts';
import { compile, releaseOptions } from './meson.ts';
import { getSource } from './source.ts';
import { placeDebianLibraries } from './subprojects.ts';

interface Release {
  /** The suite that has Meson >= 1.1. */
  readonly mesonSuite: string;
  /** The packages of the libraries that the worker is linked with. */
  readonly libraries: readonly string[];
}

const libraries = ['libssl-dev', 'libuv1-dev', 'libabsl-dev', 'libflatbuffers-dev'];

/** Debian releases whose compiler and libraries are recent enough. */
const releases: Record<string, Release> = {
  bookworm: { mesonSuite: 'bookworm-backports', libraries },
  // Its OpenSSL compresses certificates.
  trixie: { mesonSuite: 'trixie', libraries: [...libraries, 'zlib1g-dev', 'libzstd-dev'] },
};

const tools = [
  'g++',
  'ninja-build',
  'pkgconf',
  'python3',
  'git',
  'xz-utils',
  'flatbuffers-compiler',
  'debian-archive-keyring',
];

/** @returns why this machine cannot build a worker with Debian's libraries; undefined if it can */
export function reasonNotDebian(): string | undefined {
  const { id, codename, name } = operatingSystem();

  if (id !== 'debian' || !hasApt()) {
    return `this is ${name || process.platform}, not Debian`;
  }
  if (!releases[codename]) {
    return `it is supported on Debian ${Object.keys(releases).join(' and ')}, and this is ${name}`;
  }

  return undefined;
}

/**
 * Builds a worker from mediasoup's npm tarball and our patches, with libraries from Debian's packages.
 *
 * @param folder - an empty folder of ours
 * @param onLine - called with each line that ninja prints
 * @throws SetUpError naming the step that failed
 */
export async function buildWithDebian(
  inputs: WorkerInputs,
  folder: string,
  onLine: (line: string) => void,
): Promise<{ binary: string; facts: WorkerFacts }> {
  const sources = await debianSources();
  const worker = join(await getSource(inputs, folder), 'worker');

  await placeDebianLibraries(worker, sources);

  const binary = await compile({
    worker,
    meson: sources.meson,
    buildFolder: 'build',
    options: releaseOptions,
    target: 'mediasoup-worker',
    onLine,
  });

  await runLogged('/usr/bin/strip', [binary], { what: 'strip' });

  return {
    binary,
    facts: {
      patches: inputs.patches.map(({ name, sha256 }) => ({ name, sha256 })),
      buildType: inputs.buildType,
      ...debianFacts(),
    },
  };
}

/**
 * Gets the sources that a build needs and this Debian release lacks, from our cache or the mirror.
 *
 * @param options - catch2: include the library of the worker's unit tests
 */
export async function debianSources({ catch2 = false } = {}): Promise<DebianSources> {
  const { mesonSuite } = release();
  const sources = await getDebianSources(mesonSuite);

  return catch2 ? { ...sources, catch2: await getCatch2(mesonSuite) } : sources;
}

/** @returns the libraries and the compiler that a build uses here, for its manifest */
export function debianFacts(): Pick<WorkerFacts, 'libraries' | 'compiler'> {
  return {
    libraries: { origin: operatingSystem().name, versions: versions(release().libraries) },
    compiler: firstLine('/usr/bin/c++', ['--version']),
  };
}

/**
 * Installs the compiler and the libraries by apt.
 *
 * @throws SetUpError if apt may not be used; the message has the command to run
 */
export async function installBuildPackages(): Promise<void> {
  await aptInstall([...tools, ...release().libraries], 'to build the mediasoup worker');
}

function release(): Release {
  const found = releases[operatingSystem().codename];

  if (!found) {
    throw new SetUpError(String(reasonNotDebian()));
  }

  return found;
}

function versions(libraries: readonly string[]): Record<string, string> {
  const { stdout } = spawnSync('dpkg-query', ['--show', ...libraries], { encoding: 'utf8' });
  const installed = stdout
    .trim()
    .split('\n')
    // `libssl-dev:amd64`, a tab, the version.
    .map((line) => line.replace(/:\w+\t/, '\t').split('\t'));

  return {
    ...Object.fromEntries(installed),
    libsrtp2: '2.7.0 (source of Debian trixie)',
    unordered_dense: 'of rspamd 3.12.1 (source of Debian trixie)',
  };
}

function firstLine(program: string, args: string[]): string {
  return spawnSync(program, args, { encoding: 'utf8' }).stdout.split('\n')[0] ?? '';
}
