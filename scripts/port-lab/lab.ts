import { release, type as systemName } from 'node:os';
import { claims } from './claims.ts';
import { type Experiment, inTurn, type Table, tableOf } from './experiment.ts';
import { closingTcpExperiment, closingUdpExperiment } from './experiments/closing.ts';
import { herdExperiment } from './experiments/herd.ts';
import {
  listenLateExperiment,
  multicastExperiment,
  optionsExperiment,
  otherUidExperiment,
  twoSocketsExperiment,
  udpBesideTcpExperiment,
  wildcardExperiment,
} from './experiments/sharing.ts';
import { webRtcTransportExperiment } from './experiments/webrtc-transport.ts';
import { type Judgement, judge } from './judge.ts';
import { enterPrivateNetwork, families } from './sockets.ts';

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
  /** Whether the experiments had a network of their own. Otherwise they used the machine's loopback. */
  readonly privateNetwork: boolean;
  readonly tables: readonly Table[];
  readonly judgements: readonly Judgement[];
}

/** Runs every experiment on this kernel, one after the other, and judges every claim by what they found. */
export async function runLab(): Promise<Report> {
  const privateNetwork = enterPrivateNetwork();
  const tables = await inTurn(experiments, tableOf);
  return {
    kernel: `${systemName()} ${release()}`,
    privateNetwork,
    tables,
    judgements: claims.map((claim) => judge(claim, tables)),
  };
}
