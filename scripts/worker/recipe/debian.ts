import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { copyFileSync, existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { withPrivateApt } from '../../debian/private-apt.ts';
import { aptInstall, hasApt, operatingSystem } from '../../setup/apt.mjs';
import { cachedFolder } from '../../setup/cached-folder.mjs';
import { runLogged } from '../../setup/run-logged.mjs';
import { SetUpError } from '../../setup/set-up-error.mjs';
import type { WorkerFacts } from '../cache.ts';
import type { WorkerInputs } from '../inputs.ts';
import { compile, releaseOptions } from './meson.ts';
import { getSource } from './source.ts';
import { type DebianSources, placeDebianLibraries } from './subprojects.ts';

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
  ...['g++', 'ninja-build', 'pkgconf', 'python3', 'git', 'xz-utils'],
  ...['flatbuffers-compiler', 'debian-archive-keyring'],
];

/** Upstream tarballs from Debian's source packages, whichever Debian release this machine runs. */
const tarballs = {
  libsrtp2: {
    name: 'libsrtp2_2.7.0.orig.tar.gz',
    sha256: '54facb1727a557c2a76b91194dcb2d0a453aaf8e2d0cbbf1e3c2848c323e28ad',
  },
  // For one header in its contrib folder: Debian has no package of unordered_dense.
  rspamd: {
    name: 'rspamd_3.12.1.orig.tar.xz',
    sha256: '8801ee6838114c5a9e69fc27e818be4d636c051f06c87a2c711111dc21a4a254',
  },
};
const sourceSuite = 'trixie';

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
 * Gets what a build needs and this Debian release lacks, from our cache or the mirror: a recent Meson, and the source of
 * two libraries.
 *
 * @param options - catch2: include the library of the worker's unit tests, Catch2 >= 3.7
 * @throws SetUpError if the mirror lacks a file, or a checksum is wrong
 */
export async function debianSources({ catch2 = false } = {}): Promise<DebianSources> {
  const { mesonSuite: suite } = release();
  const { libsrtp2, rspamd } = tarballs;
  const cached = (name: string, fill: (temporary: string) => Promise<void>) =>
    cachedFolder(`debian-sources/${name}-${process.arch}`, fill);
  const hashes = [libsrtp2, rspamd].map(({ sha256 }) => sha256.slice(0, 8));
  const folder = await cached([suite, ...hashes].join('-'), (temporary) =>
    withPrivateApt({ suite, sourceSuite }, async (apt) => {
      await apt.download([`meson/${suite}`]);
      const names = Object.keys(tarballs).map((name) => `${name}/${sourceSuite}`);
      // Only tarballs, because some mirrors lack .dsc files.
      await apt.run('apt-get', 'source', '--download-only', '--tar-only', ...names);
      await apt.unpack(join(temporary, 'meson'));
      for (const { name, sha256 } of Object.values(tarballs)) {
        check(apt.folder, name, sha256);
        copyFileSync(join(apt.folder, name), join(temporary, name));
      }
    }),
  );
  return {
    meson: join(folder, 'meson'),
    libsrtp2: join(folder, libsrtp2.name),
    rspamd: join(folder, rspamd.name),
    ...(catch2 && {
      catch2: await cached(`${suite}-libcatch2-dev`, (temporary) =>
        withPrivateApt({ suite }, async (apt) => {
          await apt.download([`libcatch2-dev/${suite}`]);
          await apt.unpack(temporary);
        }),
      ),
    }),
  };
}

function check(folder: string, name: string, sha256: string): void {
  if (!existsSync(join(folder, name))) {
    throw new SetUpError(`the mirror's ${sourceSuite} no longer has ${name}`);
  }
  const content = readFileSync(join(folder, name));
  const found = createHash('sha256').update(content).digest('hex');
  if (found !== sha256) {
    throw new SetUpError(`${name} has the SHA-256 ${found}; expected ${sha256}`);
  }
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
