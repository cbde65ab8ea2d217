/** Accepts TCP for all workers, and for HTTP if configured, at one port: docs/shared-port.md. */
import { connect, createServer, isIPv6, type Server, type Socket } from 'node:net';
import { isWildcard, networkKeyOf } from '../../../net/ip.ts';
import { Quota } from '../../../net/quota.ts';
import { explainBindFailure, requireFreePorts } from '../../bind-check.ts';
import type { AcceptHttp } from '../../types.ts';
import { coveringIp, listenIps } from './addresses.ts';
import { type Rejection, type TcpCounters, zeroCounters } from './counters.ts';
import { readFirstBytes } from './first-bytes.ts';
import { joinSockets, reset } from './join-sockets.ts';
import { defaultTcpLimits, type TcpLimitName, type TcpLimits } from './limits.ts';

export interface TcpDemultiplexerOptions {
  /** 1 to 65,535. */
  port: number;
  /** Addresses that serve ICE. `::` is IPv6 only, as for the workers' UDP. */
  iceIps: string[];
  /** Addresses that serve HTTP. `::` includes IPv4, as for an HTTP server of its own. */
  httpIps: string[];
  /**
   * Finds the worker of a connection.
   *
   * @param ufrag - the server's, unauthenticated
   * @param ip - the entry of `iceIps` at which the connection was accepted
   * @returns where the worker listens on this machine; undefined: no transport has the ufrag
   */
  targetOf(ufrag: string, ip: string): Target | undefined;
  limits?: Partial<TcpLimits>;
  /** Called when a connection is rejected or evicted because of a limit. */
  onLimit?(limit: TcpLimitName, remoteAddress: string): void;
}

export interface Target {
  host: string;
  port: number;
}

interface Remote {
  address: string;
  port: number;
}

export class TcpDemultiplexer {
  readonly #options: TcpDemultiplexerOptions;
  readonly #limits: TcpLimits;
  readonly #httpIps: string[];
  readonly #servers: Server[] = [];
  /** All open sockets, to peers and to workers. */
  readonly #sockets = new Set<Socket>();
  /** Connections to workers. Pending ones count apart, so that peers can't keep HTTP away. */
  readonly #connections: Quota;
  readonly #pending: Quota;
  /** Evicts a pending connection each, the oldest first. */
  readonly #evictions = new Set<() => void>();
  /** The peers, by the two ports of the connection to the worker. */
  readonly #remotes = new Map<string, Remote>();
  readonly #counters = zeroCounters();
  #acceptHttp: AcceptHttp | undefined;

  constructor(options: TcpDemultiplexerOptions) {
    this.#options = options;
    this.#httpIps = options.httpIps.flatMap((ip) =>
      isIPv6(ip) && isWildcard(ip) ? [ip, '0.0.0.0'] : [ip],
    );
    this.#limits = { ...defaultTcpLimits, ...options.limits };
    const { connections, connectionsPerRemote, pending, pendingPerRemote } = this.#limits;
    this.#connections = new Quota({ total: connections, address: connectionsPerRemote });
    this.#pending = new Quota({ total: pending, address: pendingPerRemote });
  }

  /**
   * Binds all addresses, or none.
   *
   * @throws PortInUseError when another program keeps the port
   * @throws StartError when it cannot be bound for another reason
   */
  async listen(): Promise<void> {
    const { port, iceIps } = this.#options;
    const addresses = listenIps([...iceIps, ...this.#httpIps]).map((ip) => ({ ip, port }));
    await requireFreePorts(addresses.map((address) => ({ protocol: 'tcp', ...address })));
    try {
      for (const address of addresses) {
        await this.#listenAt(address);
      }
    } catch (error) {
      await this.close();
      throw error;
    }
  }

  /**
   * Sets the receiver of HTTP and TLS connections.
   *
   * @param accept - takes a socket without limits, timeouts or error listeners of the demultiplexer.
   *   undefined: such connections are closed
   */
  acceptHttp(accept: AcceptHttp | undefined): void {
    this.#acceptHttp = accept;
  }

  /**
   * The peer behind a worker's tuple, whose remote address is the demultiplexer's own.
   *
   * @param workerPort - the tuple's local port
   * @param localPort - the tuple's remote port
   * @returns undefined when the connection does not exist, or no longer
   */
  remoteOf(workerPort: number, localPort: number): Remote | undefined {
    return this.#remotes.get(keyOf(workerPort, localPort));
  }

  counters(): TcpCounters {
    return { ...this.#counters };
  }

  /** Ends all connections, also those that were handed to HTTP. */
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
      // Without ipv6Only, `::` would also bind IPv4, and 0.0.0.0 would find its port in use.
      server.listen({ host: ip, port, ipv6Only: true, exclusive: true }, resolve);
    });
    this.#servers.push(server);
    // accept(2) may fail later, for lack of memory for example. Without a listener, that would end the process.
    server.removeAllListeners('error').on('error', ignore);
  }

  async #accept(socket: Socket): Promise<void> {
    this.#counters.accepted++;
    // 'close' follows. Without a listener, the error would be uncaught.
    socket.on('error', ignore);
    const rejection = await this.#serve(socket);
    if (rejection) {
      this.#reject(socket, rejection);
    }
  }

  async #serve(socket: Socket): Promise<Rejection | undefined> {
    const { remoteAddress, remotePort, localAddress } = socket;
    if (!remoteAddress || !remotePort || !localAddress) {
      return 'closedEarly';
    }
    const holder = { address: networkKeyOf(remoteAddress) };
    const { onLimit } = this.#options;
    let acquired = this.#pending.acquire(holder);
    if (acquired === 'total') {
      // Otherwise a few addresses with silent connections could keep everyone out. A real client has sent
      // its first frame after one round trip.
      this.#evictions.values().next().value?.();
      acquired = this.#pending.acquire(holder);
    }
    if (typeof acquired === 'string') {
      onLimit?.(acquired === 'address' ? 'pendingPerRemote' : 'pending', remoteAddress);
      return 'overLimit';
    }
    const releasePending = acquired;
    this.#track(socket);
    socket.once('close', releasePending);

    const evicted = new AbortController();
    const evict = () => {
      this.#evictions.delete(evict);
      releasePending();
      onLimit?.('pending', remoteAddress);
      evicted.abort();
    };
    this.#evictions.add(evict);
    const first = await readFirstBytes(socket, this.#limits.firstFrameMs, evicted.signal);
    this.#evictions.delete(evict);
    releasePending();
    switch (first.kind) {
      case 'ice':
        return this.#toWorker(socket, {
          ufrag: first.ufrag,
          localAddress,
          remote: { address: remoteAddress, port: remotePort },
        });
      case 'http':
      case 'tls':
        return this.#toHttp(socket, first.kind, localAddress);
      default:
        return first.kind;
    }
  }

  #toHttp(socket: Socket, kind: 'http' | 'tls', localAddress: string): Rejection | undefined {
    const accept = this.#acceptHttp;
    if (!accept || coveringIp(localAddress, this.#httpIps) === undefined) {
      return 'notServed';
    }
    this.#counters[kind]++;
    socket.off('error', ignore);
    accept(socket, kind);
    return undefined;
  }

  #toWorker(
    peer: Socket,
    { ufrag, localAddress, remote }: { ufrag: string; localAddress: string; remote: Remote },
  ): Rejection | undefined {
    const { iceIps, targetOf, onLimit } = this.#options;
    const ip = coveringIp(localAddress, iceIps);
    if (ip === undefined) {
      return 'notServed';
    }
    const target = targetOf(ufrag, ip);
    if (!target) {
      return 'unknownUfrag';
    }
    const release = this.#connections.acquire({ address: networkKeyOf(remote.address) });
    if (typeof release === 'string') {
      onLimit?.(release === 'address' ? 'connectionsPerRemote' : 'connections', remote.address);
      return 'overLimit';
    }
    peer.once('close', release);
    this.#counters.ice++;

    const { connectMs, idleMs, stallMs } = this.#limits;
    const worker = connect({ ...target, allowHalfOpen: true, noDelay: true });
    this.#track(worker);
    const unreachable = () => {
      if (!peer.destroyed) {
        this.#reject(peer, 'workerUnreachable');
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

  #reject(socket: Socket, reason: Rejection | 'workerUnreachable'): void {
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
