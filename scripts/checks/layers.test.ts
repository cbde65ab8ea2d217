import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { layerViolations, productionSources } from './layers.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));

test('no import of the checkout crosses a layer, and none is part of a cycle', () => {
  const sources = productionSources(root);
  expect(sources.size).toBeGreaterThan(300);
  expect(layerViolations(sources)).toEqual([]);
});

test.each([
  ['server/src/ports/x.ts', "import type { Room } from '../rooms/room.ts';"],
  ['server/src/ports/steering/x.ts', "import { Room } from '../../rooms/room.ts';"],
  ['server/src/media/x.ts', "export { Rooms } from '../rooms/rooms.ts';"],
  ['server/src/access/x.ts', "import type { Peer } from '../rooms/peer.ts';"],
  ['server/src/rooms/x.ts', "await import('../server.ts');"],
  ['server/src/http/x.ts', "import { SignallingConnection } from '../signalling/x.ts';"],
  ['server/src/metrics/x.ts', "import { serveMetrics } from '../http/metrics-server.ts';"],
  ['server/src/config/x.ts', "import { cacheFolder } from '../../../scripts/setup/paths.mjs';"],
  ['server/src/rooms/x.ts', "import { TestPeer } from '../../../testkit/clients/test-peer.ts';"],
  ['app/src/session/x.ts', "import type { Room } from '../../../server/src/rooms/room.ts';"],
  ['app/src/session/x.ts', "import type { Tile } from '../ui/call/tile.tsx';"],
  ['app/src/session/x.ts', "import { useState } from 'react';"],
  ['app/src/ui/x.tsx', "import type { Device } from 'mediasoup-client/types';"],
  ['protocol/src/x.ts', "import { join } from 'node:path';"],
  ['protocol/src/x.ts', "import type { Room } from '../../server/src/rooms/room.ts';"],
  ['testkit/x.ts', "import { root } from '../scripts/setup/paths.mjs';"],
  ['server/src/brand-new/x.ts', "import { Room } from '../rooms/room.ts';"],
])('%s may not say: %s', (path, code) => {
  expect(layerViolations(new Map([[path, code]]))).toHaveLength(1);
});

test.each([
  ['server/src/rooms/x.ts', "import { fail } from '../config/settings.ts';"],
  ['server/src/signalling/x.ts', "import { Room } from '../rooms/room.ts';"],
  ['server/src/server.ts', "import { Room } from './rooms/room.ts';"],
  ['app/src/ui/x.tsx', "import { useState } from 'react';"],
  ['testkit/x.ts', "import { startServer } from '../server/src/server.ts';"],
])('%s may say: %s', (path, code) => {
  expect(layerViolations(new Map([[path, code]]))).toEqual([]);
});

test('finds a cycle, among types too', () => {
  const sources = new Map([
    ['server/src/ports/a.ts', "import type { B } from './b.ts';"],
    ['server/src/ports/b.ts', "import './c.ts';"],
    ['server/src/ports/c.ts', "export type { A } from './a.ts';"],
  ]);
  expect(layerViolations(sources)).toEqual([
    'cycle: server/src/ports/a.ts -> server/src/ports/b.ts -> server/src/ports/c.ts -> server/src/ports/a.ts',
  ]);
});
