import type { UnsupportedProducer } from '@oneport/protocol';
import type { types } from 'mediasoup';
import type { Logger } from '../telemetry/log.ts';
import type { Notify } from './participant.ts';
import type { Producer } from './segment.ts';

export interface UnsupportedProducersOptions {
  /** Of the receiver. */
  transport: types.Transport;
  notify: Notify;
  onUnsupported?(producer: UnsupportedProducer): void;
  log: Logger;
}

/** The open producers of which one receiver supports no codec, or which it failed to receive. */
export class UnsupportedProducers {
  readonly #options: UnsupportedProducersOptions;
  readonly #producers = new Map<Producer, { described: UnsupportedProducer; closed(): void }>();
  /** A peer can produce and close all the time, so each codec and kind is logged once for a receiver. */
  readonly #logged = new Set<string>();
  #told = false;
  #telling = false;

  constructor(options: UnsupportedProducersOptions) {
    this.#options = options;
    options.transport.observer.once('close', () => this.#forgetAll());
  }

  has(producer: Producer): boolean {
    return this.#producers.has(producer);
  }

  /** @param failure - why the receiver failed to receive it; by default, it supports no codec of the producer */
  add(producer: Producer, failure?: string): void {
    const { log, onUnsupported } = this.#options;
    const closed = () => {
      this.#producers.delete(producer);
      this.#tell();
    };
    const described = describe(producer, failure !== undefined);
    this.#producers.set(producer, { described, closed });
    producer.observer.once('close', closed);
    const message = failure === undefined ? 'no common codec' : 'client failed to consume';
    const { peerId: from, source, codec } = described;
    if (!this.#logged.has(`${message} ${codec}`)) {
      this.#logged.add(`${message} ${codec}`);
      log.info({ from, source, codec, ...(failure !== undefined && { error: failure }) }, message);
    }
    onUnsupported?.(described);
    this.#tell();
  }

  /** The receiver may have missed the last list. */
  repeat(): void {
    if (this.#told) {
      this.#tell();
    }
  }

  /** Once for all changes of a tick: the list of a large room is long. */
  #tell(): void {
    this.#told = true;
    if (this.#telling) {
      return;
    }
    this.#telling = true;
    setImmediate(() => {
      this.#telling = false;
      const { transport, notify } = this.#options;
      if (!transport.closed) {
        const producers = Array.from(this.#producers.values(), ({ described }) => described);
        notify('unsupportedProducers', { producers });
      }
    });
  }

  /** A receiver gets new transports often, while producers live on. */
  #forgetAll(): void {
    for (const [producer, { closed }] of this.#producers) {
      producer.observer.off('close', closed);
    }
    this.#producers.clear();
  }
}

function describe(producer: Producer, failed: boolean): UnsupportedProducer {
  const { peerId, source } = producer.appData;
  // As the router spells it: senders may write video/vp8.
  const [, codec = ''] = producer.consumableRtpParameters.codecs[0]?.mimeType.split('/') ?? [];
  return { peerId, source, codec, ...(failed && { failed }) };
}
