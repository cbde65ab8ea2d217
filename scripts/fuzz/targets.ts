import type { Target } from './run-target.ts';
import { dashboard } from './targets/dashboard.ts';
import { http } from './targets/http.ts';
import { tcp, udp } from './targets/media-port.ts';
import { rtpPackets } from './targets/rtp-packets.ts';
import { rtpParameters } from './targets/rtp-parameters.ts';
import { signalling } from './targets/signalling.ts';

export const targets: readonly Target[] = [
  ...[signalling, http, dashboard],
  ...[rtpParameters, rtpPackets],
  ...[udp, tcp],
];
