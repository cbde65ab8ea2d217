import { release, type as systemName } from 'node:os';
import { families } from './address.ts';
import { type Judgement, judge } from './claim.ts';
import { claims } from './claims.ts';
import { type Experiment, type Table, tableOf } from './experiment.ts';
import { closingTcpExperiment } from './experiments/closing-tcp.ts';
import { closingUdpExperiment } from './experiments/closing-udp.ts';
import { herdExperiment } from './experiments/herd.ts';
import { listenLateExperiment } from './experiments/listen-late.ts';
import { multicastExperiment } from './experiments/multicast.ts';
import { optionsExperiment } from './experiments/options.ts';
import { otherUidExperiment } from './experiments/other-uid.ts';
import { twoSocketsExperiment } from './experiments/two-sockets.ts';
import { udpBesideTcpExperiment } from './experiments/udp-beside-tcp.ts';
import { webRtcTransportExperiment } from './experiments/webrtc-transport.ts';
import { wildcardExperiment } from './experiments/wildcard.ts';
import { enterPrivateNetwork } from './private-network.ts';

const experiments: readonly Experiment[] = [
  optionsExperiment,
  udpBesideTcpExperiment,
  ...families.map((family) => twoSocketsExperiment('TCP', family)),
  listenLateExperiment,
  closingTcpExperiment,
  herdExperiment,
  ...families.map((family) => twoSocketsExperiment('UDP', family)),
  closingUdpExperiment,
  wildcardExperiment,
  multicastExperiment,
  otherUidExperiment,
  webRtcTransportExperiment,
];

export interface Report {
  /** The system's name and release, such as `Linux 6.18.0`. */
  readonly kernel: string;
  /** Whether the experiments had a network of their own; else they had the machine's loopback. */
  readonly privateNetwork: boolean;
  readonly tables: readonly Table[];
  readonly judgements: readonly Judgement[];
}

/** Runs every experiment on this kernel, one after the other, and judges every claim by what they found. */
export async function runLab(): Promise<Report> {
  const privateNetwork = enterPrivateNetwork();
  const tables: Table[] = [];

  for (const experiment of experiments) {
    tables.push(await tableOf(experiment));
  }

  return {
    kernel: `${systemName()} ${release()}`,
    privateNetwork,
    tables,
    judgements: claims.map((claim) => judge(claim, tables, process.platform)),
  };
}
