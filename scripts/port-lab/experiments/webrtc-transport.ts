import { once } from 'node:events';
import { createWorker, type types } from 'mediasoup';
import { checkStun } from '../../../server/src/stun/stun-check.ts';
import { root } from '../../setup/paths.mjs';
import { findWorker } from '../../worker/get-worker.ts';
import { readInputs } from '../../worker/inputs.ts';
import { ways } from '../../worker/ways.ts';
import { type Experiment, rowsOf } from '../experiment.ts';
import { freePort } from '../sockets.ts';

const ip = '127.0.0.1';
const udp: types.TransportListenInfo = { protocol: 'udp', ip };
const tcp: types.TransportListenInfo = { protocol: 'tcp', ip };
const answerWithinMs = 3000;

/** The options of createWebRtcTransport(). */
const told: Record<string, (webRtcServer: types.WebRtcServer) => object> = {
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
  title: 'mediasoup: what does createWebRtcTransport() offer when it is told this?',
  rowsAre: 'told',
  columns: ['candidates', 'STUN over UDP', 'STUN over TCP'],
  note: 'A real worker, whose WebRtcServer listens to UDP and TCP. refused: no such socket there.',
  cannotRun: () =>
    workerBin() ? undefined : 'no mediasoup worker was found: npm run worker gets or builds one',
  async run() {
    const worker = await createWorker({ logLevel: 'none', workerBin: workerBin() });
    try {
      const router = await worker.createRouter();
      const port = await freePort('IPv4');
      const listenInfos = [
        { ...udp, port },
        { ...tcp, port },
      ];
      const webRtcServer = await worker.createWebRtcServer({ listenInfos });
      return await rowsOf(Object.keys(told), (name) =>
        measure(router, told[name]?.(webRtcServer) ?? {}),
      );
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
  const answers = [await ask(transport, 'udp'), await ask(transport, 'tcp')];
  transport.close();
  return [transport.iceCandidates.map(({ protocol }) => protocol).join(', '), ...answers];
}

/** Sends a STUN Binding Request to the candidate of this protocol or, without one, to the port of the other. */
async function ask(
  { iceCandidates, iceParameters }: types.WebRtcTransport,
  protocol: types.TransportProtocol,
): Promise<string> {
  const candidate = iceCandidates.find((one) => one.protocol === protocol) ?? iceCandidates[0];
  const signal = AbortSignal.timeout(answerWithinMs);
  try {
    await checkStun({ protocol, ip, port: candidate?.port ?? 0 }, iceParameters, signal);
    return 'answered';
  } catch (error) {
    const { message } = error as Error;
    return message.includes('ECONNREFUSED') ? 'refused' : message;
  }
}
