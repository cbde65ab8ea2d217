import { readFileSync } from 'node:fs';
import { expect, onTestFinished, test } from 'vitest';
import { freePorts } from '../../../testkit/servers/free-ports.ts';
import { startTestServer } from '../../../testkit/servers/test-server.ts';

const page = readFileSync(new URL('../../../docs/metrics.md', import.meta.url), 'utf8');

test('docs/metrics.md lists every metric with its type, and no other', async () => {
  const port = await freePorts(1);
  const server = await startTestServer({ METRICS_PORT: String(port) });
  onTestFinished(() => server.stop());
  const text = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
  const served = [...text.matchAll(/^# TYPE (oneport_\w+) (\w+)$/gm)];
  const documented = [...page.matchAll(/^\| `(oneport_\w+)` \| (\w+) \|/gm)];
  const rows = (matches: RegExpExecArray[]) => matches.map(([, name, type]) => `${name} ${type}`);
  expect(served.length).toBeGreaterThan(20);
  expect(rows(documented).sort()).toEqual(rows(served).sort());
});
