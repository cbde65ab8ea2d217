import {
  type Look,
  type PortMapServerEvents,
  type PortMapViewerEvents,
  portMapNamespace,
  portMapRejections,
  portMapSocketPath,
} from '@oneport/protocol';
import { io, type Socket } from 'socket.io-client';
import { Store } from '../store.ts';
import { initialState, type PortMapState, withUpdate } from './state.ts';

/** Keeps the state of the page up to date over socket.io. Usable without React. */
export class LivePortMap {
  readonly #store: Store<PortMapState>;
  readonly #server: string;
  #socket: Socket<PortMapServerEvents, PortMapViewerEvents> | undefined;

  /**
   * @param server - the URL of its page, up to the last slash
   * @param token - undefined: the user has to enter one first
   */
  constructor(server: string, token: string | undefined) {
    this.#server = server;
    this.#store = new Store(initialState({ name: token ? 'connecting' : 'no-token' }));
    if (token) {
      this.connect(token);
    }
  }

  get subscribe(): Store<PortMapState>['subscribe'] {
    return this.#store.subscribe;
  }

  readonly getSnapshot = (): PortMapState => this.#store.get();

  connect(token: string): void {
    this.#socket?.disconnect();
    this.#store.update({ link: { name: 'connecting' } });
    const socket: Socket<PortMapServerEvents, PortMapViewerEvents> = io(
      new URL(portMapNamespace, this.#server).href,
      {
        path: new URL(`.${portMapSocketPath}`, this.#server).pathname,
        transports: ['websocket'],
        auth: { token },
        forceNew: true,
      },
    );
    this.#socket = socket;
    let isFirst = true;
    socket.on('connect', () => {
      isFirst = true;
      this.#store.update({ link: { name: 'open' } });
      socket.emit('look', this.#store.get().look);
    });
    socket.on('update', (update, acknowledge) => {
      this.#store.update(withUpdate(isFirst ? undefined : this.#store.get(), update));
      isFirst = false;
      acknowledge();
    });
    socket.on('disconnect', () => this.#store.update({ link: { name: 'connecting' } }));
    socket.on('connect_error', ({ message }) => {
      const reason = (['token', 'host', 'full'] as const).find(
        (name) => portMapRejections[name] === message,
      );
      // For any other error, socket.io retries by itself.
      if (!reason) {
        return;
      }
      socket.disconnect();
      this.#store.update({ link: { name: 'rejected', reason } });
    });
  }

  look(change: Partial<Look>): void {
    const look = { ...this.#store.get().look, ...change };
    this.#store.update({ look });
    if (this.#socket?.connected) {
      this.#socket.emit('look', look);
    }
  }
}
