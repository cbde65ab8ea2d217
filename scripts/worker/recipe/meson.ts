import { existsSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { runLogged } from '../../setup/run-logged.mjs';

/** So much memory does the hungriest compiler process need. */
const bytesPerJob = 600 * 1024 * 1024;

const systemPath = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

export interface Compilation {
  /** mediasoup's worker folder, with Debian's libraries in place. */
  readonly worker: string;
  /** The folder that Meson's package was unpacked to. */
  readonly meson: string;
  /** Below `worker`. One that is there is gone on with: only what changed is compiled. */
  readonly buildFolder: string;
  /** For `meson setup`. */
  readonly options: readonly string[];
  /** What ninja is to make, a file's name in the build folder. */
  readonly target: string;
  /** Told each line that ninja prints. */
  readonly onLine: (line: string) => void;
}

/** What a release build is set up with. */
export const releaseOptions: readonly string[] = ['--buildtype=release', '-Db_ndebug=true'];

/**
 * Compiles with Debian's libraries, in an environment of our own: CXXFLAGS, a compiler in PATH or PKG_CONFIG_PATH
 * would change the binary, and the cache's key doesn't know them.
 *
 * @returns The target's path.
 * @throws {SetUpError} With the compiler's last lines.
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

  // Meson writes it last; from then on ninja itself notices that a meson.build changed.
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

  // Releases before 3.27 don't tell Meson that libwebrtc includes what flatc generates.
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
