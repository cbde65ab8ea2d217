import type { CloseCode } from '@oneport/protocol';
import type { LimitName } from '../config/limits.ts';

export interface AdmissionErrorOptions {
  /** The limit that was reached: it is counted in `oneport_limit_hits_total`. */
  limit?: LimitName;
  /** For the server's log only. It must hold no part of a token. */
  detail?: string;
}

/**
 * A client is not admitted to a room. Access, rooms, workers and ports throw it alike, and signalling closes the
 * client's socket with what it says: the thrower knows whether and how the client can succeed.
 */
export class AdmissionError extends Error {
  override name = 'AdmissionError';
  readonly closeCode: CloseCode;
  readonly limit: LimitName | undefined;
  readonly detail: string | undefined;

  /**
   * @param closeCode - tells the client whether to try again (see `closeCodes`)
   * @param reason - sent with the close code, for people: up to 123 bytes of UTF-8 (RFC 6455, section 5.5)
   */
  constructor(closeCode: CloseCode, reason: string, { limit, detail }: AdmissionErrorOptions = {}) {
    super(reason);
    this.closeCode = closeCode;
    this.limit = limit;
    this.detail = detail;
  }
}
