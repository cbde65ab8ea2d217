import { once } from 'node:events';
import {
  type PortMapFacts,
  type PortMapServerEvents,
  type PortMapUpdate,
  type PortMapViewerEvents,
  type PortRow,
  portMapNamespace,
  portMapSocketPath,
  type TransportRow,
  type WorkerRow,
} from '@oneport/protocol';
import { io, type Socket } from 'socket.io-client';
import { portMapToken } from '../servers/server-process.ts';

export interface PortMapViewerOptions {
  url: string;
  token?: string;
  headers?: Record<string, string>;
  transports?: ('websocket' | 'polling')[];
  namespace?: string;
}

/** A viewer of the port map with the socket.io client of the page. */
export class PortMapViewer {
  readonly socket: Socket<PortMapServerEvents, PortMapViewerEvents>;
  readonly updates: PortMapUpdate[] = [];
  /** When each update was received, by performance.now(). */
  readonly cameAt: number[] = [];
  facts: PortMapFacts | undefined;
  readonly workers = new Map<string, WorkerRow>();
  readonly ports = new Map<string, PortRow>();
  readonly transports = new Map<string, TransportRow>();
  /** Whether to acknowledge updates. */
  answers = true;

  constructor(options: PortMapViewerOptions) {
    const { url, token = portMapToken, headers, transports = ['websocket'] } = options;
    this.socket = io(`${url}${options.namespace ?? portMapNamespace}`, {
      path: portMapSocketPath,
      transports,
      auth: { token },
      reconnection: false,
      forceNew: true,
      // Servers in tests have self-signed certificates.
      rejectUnauthorized: false,
      ...(headers && { extraHeaders: headers }),
    });
    this.socket.on('update', (update, acknowledge) => {
      this.updates.push(update);
      this.cameAt.push(performance.now());
      if (update.facts) {
        this.facts = update.facts;
      }
      for (const name of ['workers', 'ports', 'transports'] as const) {
        const table = this[name] as Map<string, WorkerRow | PortRow | TransportRow>;
        for (const key of update[name]?.gone ?? []) {
          table.delete(key);
        }
        for (const row of update[name]?.set ?? []) {
          table.set(row.key, row);
        }
      }
      if (this.answers) {
        acknowledge();
      }
    });
  }

  /** Connects. @throws Error with the server's reason when it rejects the viewer */
  static async open(options: PortMapViewerOptions): Promise<PortMapViewer> {
    const viewer = new PortMapViewer(options);
    const [rejection] = await Promise.race([
      once(viewer.socket as never, 'connect'),
      once(viewer.socket as never, 'connect_error'),
    ]);
    if (rejection) {
      viewer.close();
      throw rejection;
    }
    return viewer;
  }

  async nextUpdate(): Promise<PortMapUpdate> {
    const [update] = await once(this.socket as never, 'update');
    return update;
  }

  close(): void {
    this.socket.disconnect();
  }
}
