import type {
  Look,
  PortMapServerEvents,
  PortMapUpdate,
  PortMapViewerEvents,
} from '@oneport/protocol';
import { lookSchema } from '@oneport/protocol';
import type { Socket } from 'socket.io';
import type { Rows } from './rows.ts';
import { SentView, viewOf } from './view.ts';

export type ViewerSocket = Socket<PortMapViewerEvents, PortMapServerEvents>;

/** One open page of the port map. */
export class Viewer {
  readonly #socket: ViewerSocket;
  readonly #sent = new SentView();
  #look: Look = { search: '', port: null };
  #awaitingAck = false;
  #visible: string[] = [];

  /** @param socket - authorized */
  constructor(socket: ViewerSocket) {
    this.#socket = socket;
    socket.on('look', (look: unknown) => {
      const result = lookSchema.safeParse(look);
      // Our page sends valid data only; another program is disconnected.
      if (result.success) {
        this.#look = result.data;
      } else {
        socket.disconnect(true);
      }
    });
  }

  /** The ids of the transports that it shows. */
  get visible(): readonly string[] {
    return this.#visible;
  }

  /**
   * Sends what has changed since the last update. A viewer that has not acknowledged that one is skipped, so that
   * nothing queues up; its next update has everything that it missed.
   *
   * @param at - milliseconds since 1970
   */
  show(rows: Rows, at: number): void {
    if (this.#awaitingAck) {
      return;
    }
    const view = viewOf(rows, this.#look);
    this.#visible = view.transports.map(({ key }) => key);
    const update: PortMapUpdate | undefined = this.#sent.update(view, at);
    if (!update) {
      return;
    }
    this.#awaitingAck = true;
    this.#socket.emit('update', update, () => {
      this.#awaitingAck = false;
    });
  }
}
