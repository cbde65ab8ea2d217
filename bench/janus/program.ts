/** Debian's Janus, unpacked into our cache: installing the package would start a service. */
import { mkdirSync, mkdtempSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { withPrivateApt } from '../../scripts/debian/private-apt.ts';
import { operatingSystem } from '../../scripts/setup/apt.mjs';
import { cachedFolder } from '../../scripts/setup/cached-folder.mjs';

/** The WebSocket of Janus' API. */
export const janusPort = 8188;

/** @returns the folder in which `usr/bin/janus` and the libraries are that this machine lacks */
export function getJanus(): Promise<string> {
  const { codename: suite } = operatingSystem();
  return cachedFolder(`debian-programs/janus-${suite}-${process.arch}`, (temporary: string) =>
    withPrivateApt({ suite }, async (apt) => {
      const options = ['--yes', '--download-only', '--no-install-recommends'];
      await apt.run('apt-get', 'install', ...options, 'janus');
      await apt.unpack(temporary);
    }),
  );
}

export interface JanusCommand {
  readonly program: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

/**
 * Writes a configuration with the VideoRoom plugin and the WebSocket transport alone.
 *
 * @param folder - of `getJanus`
 * @param eventLoops - the number of threads that serve all peers; 0: Janus' default, a thread for each peer
 */
export function configureJanus(folder: string, eventLoops: number): JanusCommand {
  const triplet = `${process.arch === 'arm64' ? 'aarch64' : 'x86_64'}-linux-gnu`;
  const libraries = join(folder, 'usr/lib', triplet);
  const configuration = mkdtempSync(join(tmpdir(), 'oneport-janus-'));
  const only = (kind: string, library: string) => {
    const to = join(configuration, kind);
    mkdirSync(to);
    if (library) {
      symlinkSync(join(libraries, 'janus', kind, library), join(to, library));
    }
    return `${kind}_folder = "${to}"`;
  };
  const general = [
    only('plugins', 'libjanus_videoroom.so'),
    only('transports', 'libjanus_websockets.so'),
    only('events', ''),
    only('loggers', ''),
    'session_timeout = 0',
    'debug_level = 2',
    ...(eventLoops > 0 ? [`event_loops = ${eventLoops}`] : []),
  ];
  const main = join(configuration, 'janus.jcfg');
  writeFileSync(
    main,
    `general: {\n${general.join('\n')}\n}\nmedia: {\nrtp_port_range = "20000-30000"\n}\n`,
  );
  writeFileSync(join(configuration, 'janus.plugin.videoroom.jcfg'), '');
  writeFileSync(
    join(configuration, 'janus.transport.websockets.jcfg'),
    `general: {\nws = true\nws_port = ${janusPort}\nws_ip = "127.0.0.1"\n}\n`,
  );
  return {
    program: join(folder, 'usr/bin/janus'),
    args: ['--config', main, '--configs-folder', configuration],
    env: { LD_LIBRARY_PATH: libraries },
  };
}
