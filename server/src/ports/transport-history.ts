import type { Transport } from './media-ports.ts';

/** When something first happened, in milliseconds since 1970; undefined: not yet. */
export interface TransportTimes {
  opened: number;
  /** A STUN request with the right ufrag and password has come. */
  stun: number | undefined;
  /** The address that ICE has chosen has been the same since. */
  tuple: number | undefined;
  /** DTLS has passed: packets that have no ufrag are found by their tuple. */
  dtls: number | undefined;
}

/** What a transport no longer tells: for the port map. */
export class TransportHistory {
  readonly times: TransportTimes;
  #previousUfrag: string | undefined;

  /** @param transport - made just now */
  constructor(transport: Transport) {
    this.times = { opened: Date.now(), stun: undefined, tuple: undefined, dtls: undefined };
    transport.observer.on('iceselectedtuplechange', () => {
      this.times.tuple = Date.now();
      this.times.stun ??= this.times.tuple;
    });
    transport.observer.on('dtlsstatechange', (state) => {
      if (state === 'connected') {
        this.times.dtls ??= Date.now();
      }
    });
  }

  /** The ufrag before the last ICE restart. */
  get previousUfrag(): string | undefined {
    return this.#previousUfrag;
  }

  /** @param ufrag - what it has had up to now */
  restarts(ufrag: string): void {
    this.#previousUfrag = ufrag;
  }
}
