import assert from 'node:assert/strict';
import { isDeepStrictEqual } from 'node:util';
import type { Browser } from 'playwright-core';
import { type Bystanders, bystandersRoom } from '../scripts/fuzz/bystanders.ts';
import type { SharedPort } from '../server/src/ports/shared-port/shared-port.ts';
import type { IceCredentials } from '../server/src/stun/stun-message.ts';
import { PeerPage } from '../testkit/browser/peer-page.ts';
import type { TestServer } from '../testkit/servers/test-server.ts';
import { eventually } from '../testkit/system/eventually.ts';
import type { UdpTapThread } from '../testkit/system/udp-tap.ts';

export interface BrowserCallOptions {
  browser: Browser;
  server: TestServer & { ports: SharedPort };
  /** Between the browsers and the server; sends datagrams from the browsers' addresses. */
  tap: UdpTapThread;
}

interface Sample {
  at: number;
  /** Decoded frames of each peer. */
  frames: number[];
}

/** The selected paths. */
interface Chosen {
  /** The address of each transport, and since when. */
  byServer: string[];
  /** How often the browsers have changed their selected candidate pairs, in total. */
  changes: number;
}

/** Shorter intervals would measure the machine's scheduler rather than the call. */
const intervalMs = 1_000;

/** A call of two browsers whose decoded frames are counted continuously. */
export class BrowserCall implements Bystanders {
  readonly credentials: IceCredentials;
  readonly #peers: PeerPage[];
  readonly #tap: UdpTapThread;
  readonly #ports: SharedPort;
  readonly #connections: number[];
  #chosen: Chosen;
  #last: Sample;
  /** For each interval, frames per second of the worse of the two peers. */
  #rates: number[] = [];

  static async start({ browser, server, tap }: BrowserCallOptions): Promise<BrowserCall> {
    const join = (name: string) =>
      PeerPage.join({ browser, url: server.url, roomId: bystandersRoom, name });
    const peers = [await join('Alice'), await join('Bob')];
    await eventually(async () => assert(Math.min(...(await framesOf(peers))) > 10));
    const { ports } = server;
    const [usernameFragment = ''] = ports.steering.tables.readUfragsForTesting().keys();
    return new BrowserCall({
      peers,
      tap,
      ports,
      credentials: { usernameFragment, password: 'unknown' },
      last: await sample(peers),
      connections: await connectionsOf(peers),
      chosen: {
        byServer: await chosenByServer(ports),
        changes: await changesOf(peers),
      },
    });
  }

  private constructor(start: {
    peers: PeerPage[];
    tap: UdpTapThread;
    ports: SharedPort;
    credentials: IceCredentials;
    last: Sample;
    connections: number[];
    chosen: Chosen;
  }) {
    this.#peers = start.peers;
    this.#tap = start.tap;
    this.#ports = start.ports;
    this.credentials = start.credentials;
    this.#last = start.last;
    this.#connections = start.connections;
    this.#chosen = start.chosen;
  }

  forge(bytes: Buffer): void {
    this.#tap.forge(bytes);
  }

  /** Checks that frames are still decoded. How many per second depends on the machine. */
  async check(): Promise<void> {
    const { at, frames } = this.#last;
    if (performance.now() - at < intervalMs) {
      return;
    }
    await eventually(async () => {
      const now = await sample(this.#peers);
      const decoded = now.frames.map((count, i) => count - (frames[i] ?? 0));
      assert(Math.min(...decoded) > 0, 'no frame is decoded any more');
      this.#last = now;
      this.#rates.push(Math.min(...decoded) / ((now.at - at) / 1_000));
    });
    // No peer had to reconnect.
    assert.deepEqual(await connectionsOf(this.#peers), this.#connections);
    await this.#checkPaths();
  }

  /** If the server sends a peer's media to another address, it was hijacked, unless the browser itself changed its pair. */
  async #checkPaths(): Promise<void> {
    const byServer = await chosenByServer(this.#ports);
    if (isDeepStrictEqual(byServer, this.#chosen.byServer)) {
      return;
    }
    const changes = await changesOf(this.#peers);
    if (changes === this.#chosen.changes) {
      assert.deepEqual(byServer, this.#chosen.byServer);
    }
    this.#chosen = { byServer, changes };
  }

  /** For the log: frames per second since the last call, of the worse of the two peers. */
  takeFigures(): string {
    const rates = this.#rates.sort((a, b) => a - b);
    this.#rates = [];
    const at = (place: number) => (rates[Math.floor(place * (rates.length - 1))] ?? 0).toFixed(1);
    return `${at(0)} to ${at(1)} frames a second, median ${at(0.5)} (${rates.length} intervals)`;
  }

  async leave(): Promise<void> {
    await Promise.all(this.#peers.map((peer) => peer.close()));
  }
}

async function chosenByServer(ports: SharedPort): Promise<string[]> {
  const map = await ports.snapshot();
  const transports = map.ports.flatMap((port) => port.transports);
  return transports
    .filter(({ roomId, remote }) => roomId === bystandersRoom && remote)
    .map(({ transportId, remote, times }) => `${transportId}: ${remote?.port} since ${times.tuple}`)
    .sort();
}

async function changesOf(peers: PeerPage[]): Promise<number> {
  const stats = (await Promise.all(peers.map((peer) => peer.stats()))).flat();
  return stats.reduce((sum, stat) => sum + Number(stat.selectedCandidatePairChanges ?? 0), 0);
}

async function sample(peers: PeerPage[]): Promise<Sample> {
  return { at: performance.now(), frames: await framesOf(peers) };
}

function framesOf(peers: PeerPage[]): Promise<number[]> {
  return Promise.all(peers.map((peer) => peer.received('video', 'framesDecoded')));
}

function connectionsOf(peers: PeerPage[]): Promise<number[]> {
  return Promise.all(peers.map(({ page }) => page.evaluate(() => window.peerConnections.length)));
}
