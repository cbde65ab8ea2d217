/** Each way in which a transport connects or fails. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { DtlsPeer, makeCertificate } from '../../../testkit/clients/dtls-peer.ts';
import { checkIce } from '../../../testkit/clients/ice-peer.ts';
import { TestPeer } from '../../../testkit/clients/test-peer.ts';
import { startTestServer, type TestServer } from '../../../testkit/servers/test-server.ts';
import type { Transport } from '../ports/types.ts';
import type { MediaWorker } from './media-worker.ts';

const patience = { timeout: 30_000, interval: 200 };

let server: TestServer;
let worker: MediaWorker;

beforeAll(async () => {
  server = await startTestServer({}, { metrics: true });
  [worker] = server.pool.workers as [MediaWorker];
});

afterAll(() => server.stop());

async function failures(reason?: string): Promise<number | undefined> {
  return (await server.scrape())('oneport_ice_failures_total', reason ? { reason } : {});
}

async function iceStates(): Promise<string[]> {
  const { ports } = await server.ports.snapshot();
  return ports.flatMap(({ transports }) => transports.map(({ iceState }) => iceState));
}

/** A transport whose client has sent its DTLS parameters. */
async function transport(): Promise<Transport> {
  const made = await worker.ports.createTransport(await worker.createRouter(), {
    protocols: ['udp'],
    enableSctp: false,
    appData: { roomId: 'room', peerId: 'peer', direction: 'send' },
  });
  worker.connecting(made.id);
  return made;
}

test('a connected transport is timed and counts as no failure', async () => {
  const made = await transport();
  await (await DtlsPeer.openTo(made)).connect(made);
  const connected = async () => (await server.scrape())('oneport_dtls_connected_seconds_count');
  await expect.poll(connected).toBe(1);
  expect(await failures()).toBe(0);
  made.close();
});

test('dtls_failed: the certificate is not the announced one', async () => {
  const made = await transport();
  const client = await DtlsPeer.openTo(made);
  await expect(client.connect(made, makeCertificate(), makeCertificate())).rejects.toThrow('DTLS');
  await expect.poll(() => failures('dtls_failed')).toBe(1);
  made.close();
});

test('lost, unreachable and dtls_timeout are told apart', { timeout: 60_000 }, async () => {
  const before = (await failures()) ?? 0;
  const come = async (query: Record<string, string> = {}) => {
    const peer = await TestPeer.join({
      signalling: server.signalling,
      query: { consume: '0', ...query },
    });
    const { sendTransport } = await peer.welcome();
    if (!sendTransport) {
      throw new Error('no transport');
    }
    const [{ protocol, address, port }] = sendTransport.iceCandidates as [
      (typeof sendTransport.iceCandidates)[0],
    ];
    return { peer, to: { protocol, address, port }, ...sendTransport };
  };

  // A TCP tuple ends with its connection.
  const lost = await come({ forceTcp: '1' });
  const byTcp = await checkIce(lost.to, lost.iceParameters);
  await byTcp[Symbol.asyncDispose]();
  // The connection of a leaving peer often closes before its socket.
  const left = await come({ forceTcp: '1' });
  const wasByTcp = await checkIce(left.to, left.iceParameters);
  await wasByTcp[Symbol.asyncDispose]();
  const disconnected = async () => (await iceStates()).filter((one) => one === 'disconnected');
  await expect.poll(disconnected).toHaveLength(2);
  await left.peer.leave();

  const neverComes = await come();
  await neverComes.peer.connect(neverComes.transportId);
  const withoutDtls = await come();
  await withoutDtls.peer.connect(withoutDtls.transportId);
  await using check = await checkIce(withoutDtls.to, withoutDtls.iceParameters);
  expect(check.result).toBe('success');
  // Neither a transport without DTLS parameters nor that of a peer that has left counts as failed.
  await come();
  const leaves = await come();
  await leaves.peer.connect(leaves.transportId);
  await leaves.peer.leave();

  await expect.poll(() => failures('lost'), patience).toBe(1);
  await expect.poll(() => failures('unreachable'), patience).toBe(1);
  await expect.poll(() => failures('dtls_timeout'), patience).toBe(1);
  expect(await failures()).toBe(before + 3);
});
