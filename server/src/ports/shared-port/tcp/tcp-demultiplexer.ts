/** One TCP port for all workers, and for HTTP if wanted: docs/shared-port.md. */
import { connect, createServer, isIPv6, type Server, type Socket } from 'node:net';
import { isWildcard, networkKeyOf } from '../../../net/ip.ts';
import { explainBindFailure, requireFreePorts } from '../../bind-check.ts';
import { coveringIp, listenIps } from './addresses.ts';
import { Places } from './connection-quota.ts';
import { type Refusal, type TcpFrontCounters, zeroCounters } from './counters.ts';
import { joinSockets } from './join-sockets.ts';
import { type TcpFrontLimits, tcpFrontLimits } from './limits.ts';
import { readFirstBytes } from './read-first-bytes.ts';
import { reset } from './reset.ts';

export interface TcpFrontOptions {
  /** 1 to 65,535. */
  port: number;
  /** Where ICE is served. `::` is IPv6 only, as for the workers' UDP. */
  iceIps: string[];
  /** Where HTTP is served, if at all. As for a server of its own, `::` is IPv4 too. */
  httpIps: string[];
  /**
   * Who has a ufrag.
   *
   * @param ufrag - ours, not proven
   * @param ip - which of `iceIps` the connection came to
   * @returns where that worker listens on this machine; undefined: nobody has it
   */
  targetOf(ufrag: string, ip: string): Target | undefined;
  limits?: Partial<TcpFrontLimits>;
  /** A connection is refused for this. */
  onLimit?(limit: TcpFrontLimit, remoteAddress: string): void;
}

/** Those of the limits that refuse connections. */
export type TcpFrontLimit = 'connections' | 'connectionsPerRemote' | 'waiting' | 'waitingPerRemote';

export interface Target {
  host: string;
  port: number;
}

interface Remote {
  address: string;
  port: number;
}

export class TcpFront {
  readonly #options: TcpFrontOptions;
  readonly #limits: TcpFrontLimits;
  readonly #httpIps: string[];
  readonly #servers: Server[] = [];
  /** All that are open, to peers and to workers. */
  readonly #sockets = new Set<Socket>();
  readonly #connections: Places;
  readonly #waiting: Places;
  /** What ends the wait of each that waits, the longest first. */
  readonly #endsOfWait = new Set<() => void>();
  /** By the two ports of our connection to a worker. */
  readonly #remotes = new Map<string, Remote>();
  readonly #counters = zeroCounters();
  #acceptHttp: ((socket: Socket) => void) | undefined;

  constructor(options: TcpFrontOptions) {
    this.#options = options;
    this.#httpIps = options.httpIps.flatMap((ip) =>
      isIPv6(ip) && isWildcard(ip) ? [ip, '0.0.0.0'] : [ip],
    );
    this.#limits = { ...tcpFrontLimits, ...options.limits };
    const { connections, connectionsPerRemote, waiting, waitingPerRemote } = this.#limits;
    this.#connections = new Places(connections, connectionsPerRemote);
    this.#waiting = new Places(waiting, waitingPerRemote);
  }

  /**
   * @throws PortInUseError when somebody has the port for good
   * @throws StartError when it can't be had for another reason; nothing listens then
   */
  async listen(): Promise<void> {
    const { port, iceIps } = this.#options;
    const places = listenIps([...iceIps, ...this.#httpIps]).map((ip) => ({ ip, port }));
    await requireFreePorts(places.map((place) => ({ protocol: 'tcp', ...place })));
    try {
      for (const place of places) {
        await this.#listenAt(place);
      }
    } catch (error) {
      await this.close();
      throw error;
    }
  }

  /**
   * Who gets HTTP and TLS from now on.
   *
   * @param accept - takes a socket as a server's `connection` event has it. The front keeps no limit,
   *   timeout or listener of errors on it. undefined: nobody, they are closed
   */
  acceptHttp(accept: ((socket: Socket) => void) | undefined): void {
    this.#acceptHttp = accept;
  }

  /**
   * The peer behind a tuple whose remote address is the front's own.
   *
   * @param workerPort - the tuple's local port
   * @param localPort - the tuple's remote port
   * @returns undefined when there is no such connection, or no more
   */
  remoteOf(workerPort: number, localPort: number): Remote | undefined {
    return this.#remotes.get(keyOf(workerPort, localPort));
  }

  counters(): TcpFrontCounters {
    return { ...this.#counters };
  }

  /** Ends all connections, those that HTTP has got too. */
  async close(): Promise<void> {
    const closed = this.#servers.splice(0).map(closeServer);
    for (const socket of this.#sockets) {
      closed.push(new Promise((resolve) => socket.once('close', () => resolve())));
      socket.destroy();
    }
    await Promise.all(closed);
  }

  async #listenAt({ ip, port }: { ip: string; port: number }): Promise<void> {
    const server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) =>
      this.#accept(socket),
    );
    await new Promise<void>((resolve, reject) => {
      server.once('error', (error: NodeJS.ErrnoException) =>
        reject(explainBindFailure(error.code ?? error.message, { protocol: 'tcp', ip, port })),
      );
      // Else `::` would take IPv4 as well, and 0.0.0.0 beside it would find its port in use.
      server.listen({ host: ip, port, ipv6Only: true, exclusive: true }, resolve);
    });
    this.#servers.push(server);
    // accept(2) may fail later, for want of memory say; without a listener that would end the process.
    server.removeAllListeners('error').on('error', ignore);
  }

  async #accept(socket: Socket): Promise<void> {
    this.#counters.accepted++;
    // 'close' follows; without a listener the error would be an uncaught one.
    socket.on('error', ignore);
    const refusal = await this.#serve(socket);
    if (refusal) {
      this.#refuse(socket, refusal);
    }
  }

  async #serve(socket: Socket): Promise<Refusal | undefined> {
    const { remoteAddress, remotePort, localAddress } = socket;
    if (!remoteAddress || !remotePort || !localAddress) {
      return 'closedEarly';
    }
    const key = networkKeyOf(remoteAddress);
    const { onLimit } = this.#options;
    const leave = this.#connections.take(key);
    if (typeof leave === 'string') {
      onLimit?.(leave === 'key' ? 'connectionsPerRemote' : 'connections', remoteAddress);
      return 'overLimit';
    }
    let waitingOver = this.#waiting.take(key);
    if (waitingOver === 'all') {
      // Else a few addresses that say nothing would keep everybody out. Who means it has spoken after a round trip.
      this.#endsOfWait.values().next().value?.();
      waitingOver = this.#waiting.take(key);
    }
    if (typeof waitingOver === 'string') {
      onLimit?.(waitingOver === 'key' ? 'waitingPerRemote' : 'waiting', remoteAddress);
      leave();
      return 'overLimit';
    }
    const giveBack = waitingOver;
    this.#track(socket);
    socket.once('close', () => {
      giveBack();
      leave();
    });

    const outOfTurn = new AbortController();
    const end = () => {
      this.#endsOfWait.delete(end);
      giveBack();
      onLimit?.('waiting', remoteAddress);
      outOfTurn.abort();
    };
    this.#endsOfWait.add(end);
    const first = await readFirstBytes(socket, this.#limits.firstFrameMs, outOfTurn.signal);
    this.#endsOfWait.delete(end);
    giveBack();
    switch (first.kind) {
      case 'ice':
        return this.#toWorker(socket, {
          ufrag: first.ufrag,
          localAddress,
          remote: { address: remoteAddress, port: remotePort },
        });
      case 'http':
      case 'tls':
        leave();
        return this.#toHttp(socket, first.kind, localAddress);
      default:
        return first.kind;
    }
  }

  #toHttp(socket: Socket, kind: 'http' | 'tls', localAddress: string): Refusal | undefined {
    const accept = this.#acceptHttp;
    if (!accept || coveringIp(localAddress, this.#httpIps) === undefined) {
      return 'notServed';
    }
    this.#counters[kind]++;
    socket.off('error', ignore);
    // As their own servers accept: node:http wants half-open connections, node:tls none.
    socket.allowHalfOpen = kind === 'http';
    accept(socket);
    return undefined;
  }

  #toWorker(
    peer: Socket,
    { ufrag, localAddress, remote }: { ufrag: string; localAddress: string; remote: Remote },
  ): Refusal | undefined {
    const { iceIps, targetOf } = this.#options;
    const ip = coveringIp(localAddress, iceIps);
    if (ip === undefined) {
      return 'notServed';
    }
    const target = targetOf(ufrag, ip);
    if (!target) {
      return 'unknownUfrag';
    }
    this.#counters.ice++;

    const { connectMs, idleMs, stallMs } = this.#limits;
    const worker = connect({ ...target, allowHalfOpen: true, noDelay: true });
    this.#track(worker);
    const unreachable = () => {
      if (!peer.destroyed) {
        this.#refuse(peer, 'workerUnreachable');
      }
      worker.destroy();
    };
    worker.setTimeout(connectMs, unreachable).on('error', unreachable);
    worker.once('connect', () => {
      worker.setTimeout(0).off('error', unreachable).on('error', ignore);
      const key = keyOf(target.port, worker.localPort);
      this.#remotes.set(key, remote);
      worker.once('close', () => this.#remotes.delete(key));
    });
    joinSockets(peer, worker, { idleMs, stallMs, onEnd: (reason) => this.#counters[reason]++ });
    return undefined;
  }

  #track(socket: Socket): void {
    this.#sockets.add(socket);
    socket.once('close', () => this.#sockets.delete(socket));
  }

  #refuse(socket: Socket, reason: Refusal | 'workerUnreachable'): void {
    this.#counters[reason]++;
    reset(socket);
  }
}

function keyOf(workerPort: number, localPort: number | undefined): string {
  return `${workerPort} ${localPort}`;
}

function closeServer(server: Server): Promise<void> {
  return new Promise((resolve) => server.close(() => resolve()));
}

function ignore(): void {}
