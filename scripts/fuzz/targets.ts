import type { Target } from './target.ts';
import { dashboard } from './targets/dashboard.ts';
import { http } from './targets/http.ts';
import { rtpPackets } from './targets/rtp-packets.ts';
import { rtpParameters } from './targets/rtp-parameters.ts';
import { signalling } from './targets/signalling.ts';
import { tcp } from './targets/tcp.ts';
import { udp } from './targets/udp.ts';

/** All that is fuzzed. */
export const targets: readonly Target[] = [
  ...[signalling, http, dashboard],
  ...[rtpParameters, rtpPackets],
  ...[udp, tcp],
];
