import { once } from 'node:events';
import {
  type DashboardFacts,
  type DashboardServerEvents,
  type DashboardUpdate,
  type DashboardViewerEvents,
  dashboardNamespace,
  dashboardPath,
  type PortRow,
  type TransportRow,
  type WorkerRow,
} from '@oneport/protocol';
import { io, type Socket } from 'socket.io-client';
import { dashboardToken } from '../servers/server-process.ts';

export interface PortMapViewerOptions {
  url: string;
  token?: string;
  headers?: Record<string, string>;
  transports?: ('websocket' | 'polling')[];
  namespace?: string;
}

/** A viewer of the port map with the socket.io client of the page. */
export class PortMapViewer {
  readonly socket: Socket<DashboardServerEvents, DashboardViewerEvents>;
  readonly updates: DashboardUpdate[] = [];
  /** When each update was received, by performance.now(). */
  readonly cameAt: number[] = [];
  facts: DashboardFacts | undefined;
  readonly workers = new Map<string, WorkerRow>();
  readonly ports = new Map<string, PortRow>();
  readonly transports = new Map<string, TransportRow>();
  /** Whether to acknowledge updates. */
  answers = true;

  constructor(options: PortMapViewerOptions) {
    const { url, token = dashboardToken, headers, transports = ['websocket'] } = options;
    this.socket = io(`${url}${options.namespace ?? dashboardNamespace}`, {
      path: dashboardPath,
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
    const [refusal] = await Promise.race([
      once(viewer.socket as never, 'connect'),
      once(viewer.socket as never, 'connect_error'),
    ]);
    if (refusal) {
      viewer.close();
      throw refusal;
    }
    return viewer;
  }

  async nextUpdate(): Promise<DashboardUpdate> {
    const [update] = await once(this.socket as never, 'update');
    return update;
  }

  close(): void {
    this.socket.disconnect();
  }
}
