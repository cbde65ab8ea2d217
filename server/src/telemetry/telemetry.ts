import { EventEmitter } from 'node:events';
import type { LimitName } from '../config/limits.ts';

/** Why a transport that its peer wanted carries nothing: docs/metrics.md. */
export const iceFailures = ['unreachable', 'dtls_timeout', 'dtls_failed', 'lost'] as const;

export type IceFailure = (typeof iceFailures)[number];

export type TelemetryEvents = {
  /** Something was refused. The fields are for the log: who, from where. */
  limitHit: [limit: LimitName, fields: Record<string, unknown>];
  /** Seconds from a signalling socket's opening to the answer to `join`. */
  joined: [seconds: number];
  socketOpened: [];
  /** By either side, with this code (protocol: `closeCodes`). */
  socketClosed: [code: number];
  /** `method` is one of the protocol's, or `unknown`. */
  requestAnswered: [method: string, result: 'ok' | 'refused' | 'failed'];
  /** Seconds from a peer's DTLS parameters to DTLS connected. */
  dtlsConnected: [seconds: number];
  iceFailed: [reason: IceFailure];
};

/**
 * What happens in any part of the server and is counted or logged elsewhere: one object for a server,
 * handed to all of its parts. Nobody may depend on somebody listening.
 */
export class Telemetry extends EventEmitter<TelemetryEvents> {}
