import type { types } from 'mediasoup';
import type { Logger } from '../telemetry/log.ts';
import type { IceFailure, Telemetry } from '../telemetry/telemetry.ts';

/**
 * How long ICE and DTLS may take once the peer has begun, and how long the transport of a peer may be without a tuple
 * that leaves, or loads its page again: browsers take far less, or give up.
 */
const patienceMs = 10_000;

export interface TransportOutcomeOptions {
  telemetry: Telemetry;
  workerIndex: number;
  log: Logger;
}

/** Whether a transport that its peer wants comes to carry something, and if not, why. */
export class TransportOutcome {
  readonly #transport: types.WebRtcTransport;
  readonly #telemetry: Telemetry;
  readonly #log: Logger;
  #begunAt: number | undefined;

  /** @param transport - made just now */
  constructor(
    transport: types.WebRtcTransport,
    { telemetry, workerIndex, log }: TransportOutcomeOptions,
  ) {
    this.#transport = transport;
    this.#telemetry = telemetry;
    this.#log = log.child({ ...transport.appData, transportId: transport.id, workerIndex });
    transport.observer.on('icestatechange', (state) => {
      if (state !== 'disconnected') {
        return;
      }
      this.#later(() => {
        if (transport.iceState === 'disconnected') {
          this.#fail('lost');
        }
      });
    });
    transport.observer.on('dtlsstatechange', (state) => {
      if (state === 'connected') {
        this.#connected();
      } else if (state === 'failed') {
        this.#fail('dtls_failed');
      }
    });
  }

  /** The peer has sent its DTLS parameters: it means to use the transport. */
  begin(): void {
    this.#begunAt = performance.now();
    this.#later(() => {
      const { iceState, dtlsState } = this.#transport;
      if (iceState === 'new') {
        this.#fail('unreachable');
      } else if (dtlsState === 'new' || dtlsState === 'connecting') {
        this.#fail('dtls_timeout');
      }
    });
  }

  /** Unless it has been closed by then. */
  #later(look: () => void): void {
    const timer = setTimeout(() => {
      if (!this.#transport.closed) {
        look();
      }
    }, patienceMs);
    timer.unref();
  }

  #connected(): void {
    const { protocol, remoteIp } = this.#transport.iceSelectedTuple ?? {};
    this.#log.info({ protocol, remoteIp }, 'transport connected');
    if (this.#begunAt === undefined) {
      return;
    }
    this.#telemetry.emit('dtlsConnected', (performance.now() - this.#begunAt) / 1000);
  }

  #fail(reason: IceFailure): void {
    this.#log.info({ reason }, 'transport failed');
    this.#telemetry.emit('iceFailed', reason);
  }
}
