import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { makeNetworkNamespace } from '../../testkit/system/network-namespaces.ts';
import { measureForwarding } from '../forwarding.ts';
import type { Group, Measured, Scenario, Subject } from '../scenario.ts';
import { otherWorkers, portModes, serverSubject } from '../server-subject.ts';
import { getJanus } from './program.ts';

const inside = fileURLToPath(new URL('inside.ts', import.meta.url));
/** Of RFC 5737; it exists only in the namespace. */
const address = '198.51.100.7';

/** @param eventLoops - 0: Janus' default, a thread for each peer */
function janusSubject(
  name: string,
  eventLoops: number,
  codec: 'opus' | 'vp8',
  receivers: number,
): Subject {
  return {
    name,
    async run(seconds): Promise<Measured> {
      const folder = await getJanus();
      const namespace = makeNetworkNamespace(address);
      if (typeof namespace === 'string') {
        return { figures: {}, invalid: [namespace] };
      }
      try {
        const args = [folder, eventLoops, codec, receivers, seconds].map(String);
        const { stdout } = await promisify(execFile)(
          'ip',
          ['netns', 'exec', namespace.name, process.execPath, inside, ...args],
          { timeout: 120_000 },
        );
        return JSON.parse(stdout);
      } finally {
        namespace.remove();
      }
    },
  };
}

function scenario(name: string, title: string, codec: 'opus' | 'vp8', receivers: number): Scenario {
  const room = {
    codec: codec === 'vp8' ? ('vp8-top' as const) : codec,
    peers: 1 + receivers,
    publishers: 1,
  };
  return {
    name: `janus/${name}`,
    title,
    short: false,
    subjects: (options) => [
      ...[...portModes(options).slice(0, 1), ...otherWorkers(options)].map((setup) =>
        serverSubject({ ...setup, name: `oneport, ${setup.name}` }, async (setup, seconds) => {
          const measured = await measureForwarding(setup, room, seconds);
          const { memoryPerPeer, ...figures } = measured.figures;
          return { ...measured, figures: { ...figures, memory: memoryPerPeer ?? 0 } };
        }),
      ),
      janusSubject('Janus, default', 0, codec, receivers),
      janusSubject('Janus, 1 event loop', 1, codec, receivers),
    ],
  };
}

export const janus: Group = {
  name: 'janus',
  title: 'Janus on the same machine',
  text: `
The same streams, by the same generator code, through the VideoRoom plugin of Debian's Janus 1.1.2, with its default (a thread for
each peer) and with one event loop. All of Janus' threads share the core that is otherwise the worker's, and all CPU
time of the process counts. A publisher sends one stream to each receiver: Opus, or the largest layer of the recorded 720p VP8.
Janus runs in a network namespace, because it does not use loopback addresses; its packets pass the same loopback device.

*Memory* is the increase of the process per peer. Janus does more for a peer than a router does (full ICE, a handle
for each), and mediasoup's Node process, which does the signalling, is not in the figures; nor is Janus' signalling more than a few messages.`,
  figures: {
    cpu: { title: 'CPU', unit: 'µs', better: 'lower', ratio: true },
    rate: { title: 'packets/s', unit: '', better: 'neither' },
    memory: { title: 'memory per peer', unit: 'kB', better: 'lower' },
    runLength: { title: 'run', unit: '', better: 'neither' },
  },
  plot: { figure: 'cpu' },
  scenarios: [
    scenario('audio-1-40', 'audio, 1 to 40', 'opus', 40),
    scenario('video-1-40', 'video, 1 to 40', 'vp8', 40),
  ],
};
