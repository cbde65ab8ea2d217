import type { Target } from './run-target.ts';
import { http } from './targets/http.ts';
import { tcp, udp } from './targets/media-port.ts';
import { portMap } from './targets/port-map.ts';
import { rtpPackets } from './targets/rtp-packets.ts';
import { rtpParameters } from './targets/rtp-parameters.ts';
import { signalling } from './targets/signalling.ts';

export const targets: readonly Target[] = [
  ...[signalling, http, portMap],
  ...[rtpParameters, rtpPackets],
  ...[udp, tcp],
];
