import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished, test } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** Lints a file of its own under our rules, as if it were at this path. */
function lint(path: string, code: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'oneport-lint-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const config = JSON.parse(readFileSync(join(root, 'biome.json'), 'utf8'));
  writeFileSync(join(folder, 'biome.json'), JSON.stringify({ ...config, vcs: undefined }));
  mkdirSync(dirname(join(folder, path)), { recursive: true });
  writeFileSync(join(folder, path), `${code}\n`);
  const biome = join(root, 'node_modules/@biomejs/biome/bin/biome');
  const { stdout, stderr } = spawnSync(process.execPath, [biome, 'lint', path], {
    cwd: folder,
    encoding: 'utf8',
  });
  return stdout + stderr;
}

// A check that can't fail is none: each arrow of docs/architecture.md is broken here once.
test.each([
  ['server/src/ports/x.ts', "import { Room } from '../rooms/room.ts';"],
  ['server/src/ports/x.ts', "import type { Room } from '../rooms/room.ts';"],
  [
    'server/src/ports/shared-port/steering/x.ts',
    "import type { Room } from '../../rooms/room.ts';",
  ],
  ['server/src/ports/x.ts', "import { WorkerPool } from '../media/worker-pool.ts';"],
  ['server/src/media/x.ts', "import type { Rooms } from '../rooms/rooms.ts';"],
  ['server/src/access/x.ts', "import type { Peer } from '../rooms/peer.ts';"],
  ['server/src/rooms/x.ts', "import { Connection } from '../signalling/connection.ts';"],
  ['server/src/rooms/x.ts', "import { startServer } from '../server.ts';"],
  ['server/src/rooms/x.ts', "export { startServer } from '../server.ts';"],
  ['server/src/signalling/x.ts', "import { createApp } from '../http/app.ts';"],
  ['server/src/http/x.ts', "import { Connection } from '../signalling/connection.ts';"],
  ['server/src/http/x.ts', "import { Dashboard } from '../dashboard/dashboard.ts';"],
  ['server/src/port-map/x.ts', "import { routeUpgrades } from '../http/upgrade.ts';"],
  ['server/src/port-map/x.ts', "import { Connection } from '../signalling/connection.ts';"],
  ['server/src/metrics/x.ts', "import { serveMetrics } from '../http/metrics-server.ts';"],
  ['server/src/rooms/x.ts', "import { Metrics } from '../metrics/metrics.ts';"],
  ['protocol/src/x.ts', "import { join } from 'node:path';"],
  ['protocol/src/x.ts', "import type { Room } from '../../server/src/rooms/room.ts';"],
  ['app/src/room/x.ts', "import { useState } from 'react';"],
  ['app/src/room/x.ts', "import type { Tile } from '../views/tile.tsx';"],
  ['app/src/views/x.tsx', "import { Device } from 'mediasoup-client';"],
  ['app/src/views/x.tsx', "import type { Device } from 'mediasoup-client/types';"],
])('%s may not say: %s', (path, code) => {
  expect(lint(path, code)).toContain('style/noRestrictedImports');
});

test.each([
  ['server/src/rooms/x.ts', "import { createLog } from '../log.ts';\ncreateLog('info');"],
  ['server/src/signalling/x.ts', "import { Room } from '../rooms/room.ts';\nnew Room();"],
  ['server/src/port-map/x.ts', "import { Rooms } from '../rooms/rooms.ts';\nnew Rooms();"],
  ['server/src/server.ts', "import { Room } from './rooms/room.ts';\nnew Room();"],
])('%s may say: %s', (path, code) => {
  const output = lint(path, code);
  expect(output).toContain('Checked 1 file');
  expect(output).not.toContain('noRestrictedImports');
});
