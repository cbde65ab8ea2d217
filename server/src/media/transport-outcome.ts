import type { types } from 'mediasoup';
import type { Logger } from '../telemetry/log.ts';
import type { IceFailure, Telemetry } from '../telemetry/telemetry.ts';

/**
 * Milliseconds that ICE and DTLS may take after the client has started them, and that a transport may be without a
 * tuple. Browsers connect far faster, and a peer that leaves or reloads closes its transport within this time.
 */
const timeoutMs = 10_000;

export interface TransportOutcomeOptions {
  telemetry: Telemetry;
  workerIndex: number;
  log: Logger;
}

/** Logs and counts whether a transport connects, fails to connect, or loses connectivity. */
export class TransportOutcome {
  readonly #transport: types.WebRtcTransport;
  readonly #telemetry: Telemetry;
  readonly #log: Logger;
  #startedAt: number | undefined;
  #lostTimer: NodeJS.Timeout | undefined;

  /** @param transport - just created */
  constructor(
    transport: types.WebRtcTransport,
    { telemetry, workerIndex, log }: TransportOutcomeOptions,
  ) {
    this.#transport = transport;
    this.#telemetry = telemetry;
    this.#log = log.child({ ...transport.appData, transportId: transport.id, workerIndex });
    transport.observer.on('icestatechange', (state) => {
      // A peer over TCP can connect and disconnect as often as it wants.
      clearTimeout(this.#lostTimer);
      if (state !== 'disconnected') {
        return;
      }
      this.#lostTimer = this.#afterTimeout(() => {
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

  /** The client has sent its DTLS parameters. A transport without them is not expected to connect. */
  connecting(): void {
    this.#startedAt = performance.now();
    this.#afterTimeout(() => {
      const { iceState, dtlsState } = this.#transport;
      if (iceState === 'new') {
        this.#fail('unreachable');
      } else if (dtlsState === 'new' || dtlsState === 'connecting') {
        this.#fail('dtls_timeout');
      }
    });
  }

  #afterTimeout(check: () => void): NodeJS.Timeout {
    return setTimeout(() => {
      if (!this.#transport.closed) {
        check();
      }
    }, timeoutMs).unref();
  }

  #connected(): void {
    const { protocol, remoteIp } = this.#transport.iceSelectedTuple ?? {};
    this.#log.info({ protocol, remoteIp }, 'transport connected');
    if (this.#startedAt === undefined) {
      return;
    }
    this.#telemetry.emit('dtlsConnected', (performance.now() - this.#startedAt) / 1000);
  }

  #fail(reason: IceFailure): void {
    this.#log.info({ reason }, 'transport failed');
    this.#telemetry.emit('iceFailed', reason);
  }
}
