/** The Prometheus metrics of a call of two browsers, and the Grafana dashboard that uses them. */
import { readFileSync } from 'node:fs';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { launchChromium } from '../testkit/browser/chromium.ts';
import { PeerPage } from '../testkit/browser/peer-page.ts';
import { freePorts } from '../testkit/servers/free-ports.ts';
import { faultsOf } from '../testkit/servers/promql.ts';
import { type Series, scrape, type ValueOf, valueIn } from '../testkit/servers/scrape.ts';
import { type ServerProcess, startServerProcess } from '../testkit/servers/server-process.ts';

const patience = { timeout: 30_000, interval: 200 };
const roomId = 'a-room-that-no-label-names';
const dashboardFile = new URL('../deploy/grafana/oneport.json', import.meta.url);

let browser: Browser;
let server: ServerProcess;
let metricsUrl: string;
let alice: PeerPage;
let bob: PeerPage;

beforeAll(async () => {
  const port = await freePorts(1);
  metricsUrl = `http://127.0.0.1:${port}/metrics`;
  browser = await launchChromium();
  server = await startServerProcess({ METRICS_PORT: String(port), LOG_LEVEL: 'info' });
  const options = { browser, url: server.url, roomId };
  alice = await PeerPage.join({ ...options, name: 'Alice' });
  bob = await PeerPage.join({ ...options, name: 'Bob', forceTcp: true });
});

afterAll(async () => {
  await browser?.close();
  await server?.stop();
});

async function value(...about: Parameters<ValueOf>): Promise<number | undefined> {
  return valueIn(await scrape(metricsUrl))(...about);
}

test('counts rooms, peers, transports, join times and traffic of a call', async () => {
  for (const peer of [alice, bob]) {
    await expect.poll(() => peer.received('video', 'framesDecoded'), patience).toBeGreaterThan(0);
  }
  const now = valueIn(await scrape(metricsUrl));
  expect(now('oneport_rooms')).toBe(1);
  expect(now('oneport_peers')).toBe(2);
  expect(now('oneport_signalling_sockets')).toBe(2);
  const transports = (protocol: string) =>
    now('oneport_transports', { protocol, port_mode: 'single-port' });
  expect([transports('udp'), transports('tcp'), transports('none')]).toEqual([2, 2, 0]);
  for (const kind of ['audio', 'video']) {
    expect(now('oneport_producers', { kind })).toBe(2);
    expect(now('oneport_consumers', { kind })).toBe(2);
  }
  expect(now('oneport_join_seconds_count')).toBe(2);
  expect(now('oneport_join_seconds_sum')).toBeGreaterThan(0);
  expect(now('oneport_dtls_connected_seconds_count')).toBe(4);
  expect(now('oneport_ice_failures_total')).toBe(0);
  expect(now('oneport_limit_hits_total')).toBe(0);
  expect(now('oneport_workers')).toBe(1);
  expect(now('oneport_worker_cpu_seconds_total', { worker: '0' })).toBeGreaterThan(0);
  expect(now('oneport_worker_memory_bytes', { worker: '0' })).toBeGreaterThan(1e6);
  for (const protocol of ['udp', 'tcp']) {
    expect(now('oneport_port_bytes_total', { protocol, by: 'worker' })).toBeGreaterThan(0);
  }
});

test('counts as many media bytes as the browsers have sent', async () => {
  // The server is read first, so its count can't exceed what the browsers report afterwards.
  const counted = (await value('oneport_media_bytes_total', { direction: 'in' })) ?? 0;
  expect(counted).toBeGreaterThan(0);
  const sent = (await Promise.all([alice, bob].map(bytesSent))).reduce((a, b) => a + b);
  expect(counted).toBeLessThanOrEqual(sent);
  await expect
    .poll(() => value('oneport_media_bytes_total', { direction: 'in' }), patience)
    .toBeGreaterThan(sent);
  const packets = await value('oneport_media_packets_total', { direction: 'out' });
  await expect
    .poll(() => value('oneport_media_packets_total', { direction: 'out' }), patience)
    .toBeGreaterThan((packets ?? 0) + 100);
});

/** On all transports, including headers and DTLS (W3C webrtc-stats, RTCTransportStats). */
async function bytesSent(peer: PeerPage): Promise<number> {
  const stats = await peer.stats();
  return stats
    .filter(({ type }) => type === 'transport')
    .reduce((sum, stat) => sum + Number(stat.bytesSent), 0);
}

test('the Grafana dashboard queries existing metrics only, and all of ours', async () => {
  const dashboard = JSON.parse(readFileSync(dashboardFile, 'utf8'));
  const series = await scrape(metricsUrl);
  expect(faultsOf(dashboard, series)).toEqual([]);
  const queries = JSON.stringify(dashboard);
  const names = new Set(series.map(({ name }) => name.replace(/_(bucket|sum|count)$/, '')));
  const unused = [...names].filter(
    (name) => name.startsWith('oneport_') && !queries.includes(name),
  );
  expect(unused).toEqual([]);
});

test('no label names a room, a peer or a transport', async () => {
  const series = await scrape(metricsUrl);
  const labels = new Set(series.flatMap(({ labels }) => Object.values(labels)));
  const ids = idsIn(server.output());
  expect(ids).toContain(roomId);
  expect(ids.length).toBeGreaterThanOrEqual(7);
  for (const id of ids) {
    expect(labels).not.toContain(id);
  }
  expect(series.length).toBeLessThan(1000);
});

test('logs sockets, peers and transports with their ids', async () => {
  const lines = logOf(server.output());
  const of = (msg: string) => lines.filter((line) => line.msg === msg);
  expect(of('signalling opened')).toHaveLength(2);
  for (const line of of('signalling opened')) {
    expect(line).toMatchObject({ level: 'info', roomId, address: '127.0.0.1' });
    expect(String(line.socketId)).toMatch(/^[0-9a-f]{8}$/);
  }
  const peerIds = of('peer joined').map(({ peerId }) => peerId);
  expect(new Set(peerIds).size).toBe(2);
  const connected = of('transport connected');
  expect(connected.map(({ protocol }) => protocol).sort()).toEqual(['tcp', 'tcp', 'udp', 'udp']);
  for (const { peerId, transportId, workerIndex } of connected) {
    expect(peerIds).toContain(peerId);
    expect(String(transportId)).toMatch(/^[0-9a-f-]{36}$/);
    expect(workerIndex).toBe(0);
  }
  for (const { time } of lines) {
    expect(String(time)).toMatch(/^\d{4}-\d\d-\d\dT.*Z$/);
  }
});

test('no longer counts peers that have left, but keeps their traffic', async () => {
  const before: Series[] = await scrape(metricsUrl);
  const sentBefore = valueIn(before)('oneport_media_bytes_total') ?? 0;
  await alice.button('Leave').click();
  await bob.button('Leave').click();
  await expect.poll(() => value('oneport_peers'), patience).toBe(0);
  const now = valueIn(await scrape(metricsUrl));
  expect(now('oneport_rooms')).toBe(0);
  expect(now('oneport_transports')).toBe(0);
  expect(now('oneport_consumers')).toBe(0);
  await expect.poll(() => value('oneport_signalling_closes_total', { code: '1000' })).toBe(2);
  expect(now('oneport_media_bytes_total')).toBeGreaterThanOrEqual(sentBefore);
  expect(now('oneport_ice_failures_total')).toBe(0);
});

type Line = Record<string, unknown>;

function logOf(output: string): Line[] {
  const lines = output.split('\n').filter((line) => line.startsWith('{'));
  return lines.map((line) => JSON.parse(line) as Line);
}

function idsIn(output: string): string[] {
  const all = logOf(output).flatMap(({ roomId: room, peerId, transportId }) => [
    room,
    peerId,
    transportId,
  ]);
  return [...new Set(all.filter((id) => typeof id === 'string'))];
}
