import type {
  DashboardServerEvents,
  DashboardUpdate,
  DashboardViewerEvents,
  Look,
} from '@oneport/protocol';
import { lookSchema } from '@oneport/protocol';
import type { Socket } from 'socket.io';
import type { Picture } from './rows.ts';
import { SentView, viewOf } from './view.ts';

export type ViewerSocket = Socket<DashboardViewerEvents, DashboardServerEvents>;

/** Somebody who looks. */
export class Viewer {
  readonly #socket: ViewerSocket;
  readonly #sent = new SentView();
  #look: Look = { search: '', port: null };
  #waiting = false;
  #visible: string[] = [];

  /** @param socket - let in already */
  constructor(socket: ViewerSocket) {
    this.#socket = socket;
    socket.on('look', (look: unknown) => {
      const result = lookSchema.safeParse(look);
      // It is ours that sends it; anybody else's is ended.
      if (result.success) {
        this.#look = result.data;
      } else {
        socket.disconnect(true);
      }
    });
  }

  /** The ids of the transports that it sees. */
  get visible(): readonly string[] {
    return this.#visible;
  }

  /**
   * Sends what has changed. One that has not acknowledged the last update is left out: what it misses is in the next
   * one that it gets, and nothing piles up meanwhile.
   */
  show(picture: Picture, at: number): void {
    if (this.#waiting) {
      return;
    }
    const view = viewOf(picture, this.#look);
    this.#visible = view.transports.map(({ key }) => key);
    const update: DashboardUpdate | undefined = this.#sent.update(view, at);
    if (!update) {
      return;
    }
    this.#waiting = true;
    this.#socket.emit('update', update, () => {
      this.#waiting = false;
    });
  }
}
