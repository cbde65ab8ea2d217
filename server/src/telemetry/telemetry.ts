import { EventEmitter } from 'node:events';
import type { LimitName } from '../config/limits.ts';

/** Why a transport failed to connect or lost connectivity (docs/metrics.md). */
export const iceFailures = ['unreachable', 'dtls_timeout', 'dtls_failed', 'lost'] as const;

export type IceFailure = (typeof iceFailures)[number];

export type TelemetryEvents = {
  /** A limit was reached. The fields are for the log. */
  limitHit: [limit: LimitName, fields: Record<string, unknown>];
  /** Seconds from the opening of a signalling socket to the answer to `join`. */
  joined: [seconds: number];
  socketOpened: [];
  /** By either side (`closeCodes` of the protocol). */
  socketClosed: [code: number];
  /** `method` is a method of the protocol, or `unknown`. */
  requestAnswered: [method: string, result: 'ok' | 'rejected' | 'failed'];
  /** Seconds from the DTLS parameters of a peer to DTLS connected. */
  dtlsConnected: [seconds: number];
  iceFailed: [reason: IceFailure];
  /** A peer supports no codec of a producer, whose first is `codec` (`VP8`). */
  noCommonCodec: [codec: string];
  /** A peer's client could not receive a producer, whose first codec is `codec`. */
  consumeFailed: [codec: string];
};

/** Events of all parts of a server that are counted or logged elsewhere. No part may depend on a listener. */
export class Telemetry extends EventEmitter<TelemetryEvents> {}
