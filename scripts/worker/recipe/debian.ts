import { spawnSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { aptInstall, hasApt, operatingSystem } from '../../setup/apt.mjs';
import { runLogged } from '../../setup/run-logged.mjs';
import { SetUpError } from '../../setup/set-up-error.mjs';
import type { WorkerFacts } from '../cache.ts';
import type { WorkerInputs } from '../inputs.ts';
import { getDebianSources } from './debian-sources.ts';
import { getSource } from './source.ts';
import { placeDebianLibraries } from './subprojects.ts';

interface Release {
  /** Where it finds Meson >= 1.1. */
  readonly mesonSuite: string;
  /** The libraries that the worker is linked with. */
  readonly libraries: readonly string[];
}

const libraries = ['libssl-dev', 'libuv1-dev', 'libabsl-dev', 'libflatbuffers-dev'];

/** Debian releases whose compiler and libraries are new enough. */
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
  'patch',
  'xz-utils',
  'flatbuffers-compiler',
  'debian-archive-keyring',
];

/** So much memory does the hungriest compiler process need. */
const bytesPerJob = 600 * 1024 * 1024;

const systemPath = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/**
 * @returns Why a worker can't be built with Debian's libraries on this machine; undefined when it can.
 */
export function reasonNotDebian(): string | undefined {
  const { id, codename, name } = operatingSystem();

  if (id !== 'debian' || !hasApt()) {
    return `this is ${name || process.platform}, not Debian`;
  }
  if (!releases[codename]) {
    return `only known for Debian ${Object.keys(releases).join(' and ')}, this is ${name}`;
  }

  return undefined;
}

/**
 * Builds a worker out of mediasoup's npm tarball and our patches, with libraries from Debian's packages.
 *
 * @param folder - An empty folder of ours.
 * @param onLine - Told each line that ninja prints.
 * @throws {SetUpError} Naming the step that failed.
 */
export async function buildWithDebian(
  inputs: WorkerInputs,
  folder: string,
  onLine: (line: string) => void,
): Promise<{ binary: string; facts: WorkerFacts }> {
  const { mesonSuite, libraries } = release();
  const fetched = join(folder, 'fetched');

  mkdirSync(fetched);

  const sources = await getDebianSources(fetched, mesonSuite);
  const worker = join(await getSource(inputs, folder), 'worker');

  await placeDebianLibraries(worker, sources);

  const binary = await compile(worker, sources.meson, onLine);

  return {
    binary,
    facts: {
      patches: inputs.patches.map(({ name, sha256 }) => ({ name, sha256 })),
      libraries: { origin: operatingSystem().name, versions: versions(libraries) },
      compiler: firstLine('/usr/bin/c++', ['--version']),
      buildType: inputs.buildType,
    },
  };
}

/**
 * Installs the compiler and the libraries, by apt.
 *
 * @throws {SetUpError} When apt may not be called; the message has the command to run.
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

async function compile(
  worker: string,
  meson: string,
  onLine: (line: string) => void,
): Promise<string> {
  // An environment of our own: CXXFLAGS, a compiler in PATH or PKG_CONFIG_PATH would change the binary, and
  // the cache's key doesn't know them.
  const env = {
    PATH: systemPath,
    HOME: process.env.HOME,
    LANG: 'C.UTF-8',
    PYTHONPATH: join(meson, 'usr/lib/python3/dist-packages'),
    PYTHONDONTWRITEBYTECODE: '1',
  };

  await runLogged(
    '/usr/bin/python3',
    [
      join(meson, 'usr/bin/meson'),
      'setup',
      'build',
      '--buildtype=release',
      '-Db_ndebug=true',
      '--wrap-mode=nodownload',
      '--force-fallback-for=unordered_dense',
    ],
    { what: 'meson setup', cwd: worker, env },
  );
  await runLogged('nice', ['ninja', '-C', 'build', '-j', String(jobs()), 'mediasoup-worker'], {
    what: 'compiling mediasoup-worker',
    cwd: worker,
    env,
    onLine,
  });

  const binary = join(worker, 'build/mediasoup-worker');

  await runLogged('strip', [binary], { what: 'strip', env });

  return binary;
}

function jobs(): number {
  return Math.max(
    1,
    Math.min(availableParallelism(), Math.floor(process.availableMemory() / bytesPerJob)),
  );
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
