import { once } from 'node:events';
import { createWorker, type types } from 'mediasoup';
import { root } from '../../setup/paths.mjs';
import { findWorker } from '../../worker/get-worker.ts';
import { readInputs } from '../../worker/inputs.ts';
import { ways } from '../../worker/ways.ts';
import { askOverTcp, askOverUdp } from '../ask-stun.ts';
import type { Experiment, Row } from '../experiment.ts';
import { freePort } from '../with-sockets.ts';

const ip = '127.0.0.1';
const udp: types.TransportListenInfo = { protocol: 'udp', ip };
const tcp: types.TransportListenInfo = { protocol: 'tcp', ip };

type Told = (webRtcServer: types.WebRtcServer) => object;

/** What createWebRtcTransport() is told about protocols. */
const told: Record<string, Told> = {
  nothing: () => ({}),
  'listenInfos: udp': () => ({ listenInfos: [udp] }),
  'listenInfos: tcp': () => ({ listenInfos: [tcp] }),
  'listenInfos: udp, tcp': () => ({ listenInfos: [udp, tcp] }),
  webRtcServer: (webRtcServer) => ({ webRtcServer }),
  'webRtcServer, enableTcp: false': (webRtcServer) => ({ webRtcServer, enableTcp: false }),
};

const workerBin = () => findWorker(readInputs(root), ways);

export const webRtcTransportExperiment: Experiment = {
  id: 'webrtc-transport',
  title: 'mediasoup: told this, what does createWebRtcTransport() offer?',
  rowsAre: 'told',
  columns: ['candidates', 'STUN over UDP', 'STUN over TCP'],
  note: 'A real worker, whose WebRtcServer listens to UDP and TCP. refused: no such socket there.',
  cannotRun: () =>
    workerBin() ? undefined : 'no mediasoup worker is at hand: npm run worker gets or builds one',
  async run() {
    const worker = await createWorker({ logLevel: 'none', workerBin: workerBin() });

    try {
      const router = await worker.createRouter();
      const port = await freePort('IPv4');
      const webRtcServer = await worker.createWebRtcServer({
        listenInfos: [
          { ...udp, port },
          { ...tcp, port },
        ],
      });
      const rows: Row[] = [];

      for (const [name, options] of Object.entries(told)) {
        rows.push({ name, cells: await measure(router, options(webRtcServer)) });
      }

      return rows;
    } finally {
      worker.close();
      if (!worker.subprocessClosed) {
        await once(worker, 'subprocessclose');
      }
    }
  },
};

async function measure(router: types.Router, options: object): Promise<string[]> {
  let transport: types.WebRtcTransport;

  try {
    transport = await router.createWebRtcTransport(options as types.WebRtcTransportOptions);
  } catch (error) {
    return [error instanceof Error ? error.name : String(error), '-', '-'];
  }

  const { iceCandidates, iceParameters } = transport;
  const portOf = (protocol: types.TransportProtocol) =>
    (iceCandidates.find((candidate) => candidate.protocol === protocol) ?? iceCandidates[0])?.port;
  const answers = [
    await askOverUdp(portOf('udp') ?? 0, iceParameters),
    await askOverTcp(portOf('tcp') ?? 0, iceParameters),
  ];

  transport.close();

  return [iceCandidates.map(({ protocol }) => protocol).join(', '), ...answers];
}
