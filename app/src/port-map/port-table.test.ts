import type { PortMapFacts, PortRow } from '@oneport/protocol';
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

const facts: PortMapFacts = {
  mode: 'single-port',
  why: '',
  rooms: 1,
  transports: 1,
  ports: 1,
  portNumbers: 1,
  usedPortNumbers: 1,
  counted: 'counted',
  look: { search: '', port: null },
  matches: 1,
};

/** The visible text. */
function text(row: Partial<PortRow>, counted: PortMapFacts['counted']): string {
  const props = { ports: [{ ...port, ...row }], facts: { ...facts, counted }, chosen: null };
  const markup = renderToStaticMarkup(createElement(PortTable, { ...props, onChoose() {} }));
  return markup.replace(/<[^>]*>/g, ' ').replace(/\s+/g, ' ');
}

test('does not show zero drops for an unpatched worker, which can’t count them', () => {
  const shown = text({}, 'needs-patched-worker');
  expect(shown).toContain('dropped: needs the patched worker');
  expect(shown).not.toMatch(/nothing dropped|0 dropped/);
});

test('does not show zero drops in a mode without counters', () => {
  const shown = text({}, 'not-counted');
  expect(shown).toContain('drops: not counted in this mode');
  expect(shown).not.toMatch(/nothing dropped|0 dropped/);
});

test('has nothing to unfold where nothing was counted', () => {
  const counts = [{ by: 'workers' as const, handled: { packets: 0 }, dropped: {} }];
  const markup = renderToStaticMarkup(
    createElement(PortTable, {
      ports: [{ ...port, counts }],
      facts,
      chosen: null,
      onChoose() {},
    }),
  );
  expect(markup).toContain('nothing dropped');
  expect(markup).not.toContain('<details');
});

test('shows drops with their reasons', () => {
  const counts = { by: 'workers' as const, handled: { packets: 9 } };
  expect(text({ counts: [{ ...counts, dropped: {} }] }, 'counted')).toContain('nothing dropped');
  const dropped = { droppedDataFromUnknownTuple: 3, droppedMalformedStun: 0 };
  const shown = text({ counts: [{ ...counts, dropped }] }, 'counted');
  expect(shown).toMatch(/3 dropped .*data from an unknown tuple 3/);
  expect(shown).not.toContain('malformed STUN');
});

test('shows the traffic of each port', () => {
  expect(text({}, 'counted')).toContain('in 2.0 kB/s, 20 RTP/s · out 1.0 kB/s, 10 RTP/s');
  expect(text({ rates: null }, 'counted')).toContain('…');
});
