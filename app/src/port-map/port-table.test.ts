import type { DashboardFacts, PortRow } from '@oneport/protocol';
import { createElement } from 'react';
import { renderToStaticMarkup } from 'react-dom/server';
import { expect, test } from 'vitest';
import { PortTable } from './port-table.tsx';

const port: PortRow = {
  key: 'udp 44444',
  protocol: 'udp',
  port: 44444,
  addresses: ['127.0.0.1'],
  announced: ['127.0.0.1:44444'],
  workers: [0],
  transports: 1,
  connected: 1,
  rates: { bytesIn: 2_000, bytesOut: 1_000, packetsIn: 20, packetsOut: 10 },
  counts: [],
};

const facts: DashboardFacts = {
  mode: 'single-port',
  why: '',
  rooms: 1,
  transports: 1,
  ports: 1,
  portNumbers: 1,
  counted: 'counted',
  look: { search: '', port: null },
  matches: 1,
};

/** What a reader reads. */
function text(row: Partial<PortRow>, counted: DashboardFacts['counted']): string {
  const props = { ports: [{ ...port, ...row }], facts: { ...facts, counted }, chosen: null };
  const markup = renderToStaticMarkup(createElement(PortTable, { ...props, onChoose() {} }));
  return markup.replace(/<[^>]*>/g, ' ').replace(/\s+/g, ' ');
}

test('what an unpatched worker can’t tell is not shown as zero', () => {
  const said = text({}, 'needs-patched-worker');
  expect(said).toContain('dropped: needs the patched worker');
  expect(said).not.toMatch(/nothing dropped|0 dropped/);
});

test('what nobody counts in this mode is not shown as zero', () => {
  const said = text({}, 'not-counted');
  expect(said).toContain('drops: not counted in this mode');
  expect(said).not.toMatch(/nothing dropped|0 dropped/);
});

test('what was counted is, with its reasons', () => {
  const counts = { by: 'workers' as const, handled: { packets: 9 } };
  expect(text({ counts: [{ ...counts, dropped: {} }] }, 'counted')).toContain('nothing dropped');
  const dropped = { droppedDataFromUnknownTuple: 3, droppedMalformedStun: 0 };
  const said = text({ counts: [{ ...counts, dropped }] }, 'counted');
  expect(said).toMatch(/3 dropped .*data from an unknown tuple 3/);
  expect(said).not.toContain('can’t be parsed');
});

test('what is carried is said for each port', () => {
  expect(text({}, 'counted')).toContain('in 2.0 kB/s, 20 RTP/s · out 1.0 kB/s, 10 RTP/s');
  expect(text({ rates: null }, 'counted')).toContain('…');
});
