import { existsSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { runLogged } from '../../setup/run-logged.mjs';

/** The memory that the largest compiler process needs. */
const bytesPerJob = 600 * 1024 * 1024;

const systemPath = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

export interface Compilation {
  /** mediasoup's worker folder, with Debian's libraries in place. */
  readonly worker: string;
  /** The folder with Meson's unpacked package. */
  readonly meson: string;
  /** Relative to `worker`. In an existing one only what changed is compiled. */
  readonly buildFolder: string;
  /** Options of `meson setup`. */
  readonly options: readonly string[];
  /** The file in the build folder that ninja makes. */
  readonly target: string;
  /** Called with each line that ninja prints. */
  readonly onLine: (line: string) => void;
}

/** Options of a release build. */
export const releaseOptions: readonly string[] = ['--buildtype=release', '-Db_ndebug=true'];

/**
 * Compiles with Debian's libraries, in a clean environment: CXXFLAGS, another compiler in PATH or PKG_CONFIG_PATH would
 * change the binary, and the cache key does not include them.
 *
 * @returns the target's path
 * @throws SetUpError with the compiler's first error
 */
export async function compile({
  worker,
  meson,
  buildFolder,
  options,
  target,
  onLine,
}: Compilation): Promise<string> {
  const env = {
    PATH: systemPath,
    HOME: process.env.HOME,
    LANG: 'C.UTF-8',
    PYTHONPATH: join(meson, 'usr/lib/python3/dist-packages'),
    PYTHONDONTWRITEBYTECODE: '1',
  };
  // Meson writes this file last. From then on ninja notices a changed meson.build by itself.
  if (!existsSync(join(worker, buildFolder, 'build.ninja'))) {
    await runLogged(
      '/usr/bin/python3',
      [
        join(meson, 'usr/bin/meson'),
        'setup',
        buildFolder,
        ...options,
        '--wrap-mode=nodownload',
        '--force-fallback-for=unordered_dense',
      ],
      { what: 'meson setup', cwd: worker, env },
    );
  }
  const ninja = (args: readonly string[], what: string, report?: (line: string) => void) =>
    runLogged('nice', ['ninja', '-C', buildFolder, ...args], {
      what,
      cwd: worker,
      env,
      onLine: report,
    });
  const targets = await ninja(['-t', 'targets', 'all'], 'ninja -t targets');
  const generated = [...targets.matchAll(/^(fbs\/\S+): CUSTOM_COMMAND/gm)].map(
    ([, name]) => `${name}`,
  );
  // Releases before 3.27 do not tell Meson that libwebrtc includes the headers that flatc generates.
  if (generated.length > 0) {
    await ninja(generated, "flatc's headers");
  }
  await ninja(['-j', String(jobs()), target], `compiling ${target}`, onLine);
  return join(worker, buildFolder, target);
}

function jobs(): number {
  return Math.max(
    1,
    Math.min(availableParallelism(), Math.floor(process.availableMemory() / bytesPerJob)),
  );
}
