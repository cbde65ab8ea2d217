import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, beforeEach, expect, onTestFinished, test } from 'vitest';
import { isolateSetUp, temporaryFolder } from '../../testkit/system/temporary-folder.ts';
import { root } from '../setup/paths.mjs';
import { pinnedMediasoup } from '../worker/inputs.ts';
import { getTarball } from '../worker/tarball.ts';
import { checkSchema } from './fbs-check.ts';

const schema = 'worker/fbs/webRtcServer.fbs';
const generated = 'node/lib/fbs/web-rtc-server/ip-port';

let source: string;

// Patches may have changed one half of what is compared in node_modules.
beforeAll(async () => {
  const tarball = await getTarball(pinnedMediasoup(root));
  const parts = ['package/worker/fbs', 'package/node/lib/fbs'];
  source = mkdtempSync(join(tmpdir(), 'oneport-test-'));
  execFileSync('tar', ['-xzf', tarball, '-C', source, '--strip-components=1', ...parts]);
  return () => rmSync(source, { recursive: true });
});
beforeEach(isolateSetUp);

test("mediasoup's own generated files agree with its schema, whatever flatc made them", async () => {
  expect(await checkSchema(source, temporaryFolder())).toEqual([]);
});

const port = '    port: uint16;';
test.each<[string, string, string, string, RegExp]>([
  [
    'a field that only the schema has',
    schema,
    port,
    `${port}\n    added: string;`,
    /web-rtc-server\/IpPort\.added is missing/,
  ],
  [
    'a slot that is one off',
    `${generated}.js`,
    'Int16(1, port, 0)',
    'Int16(2, port, 0)',
    /IpPort\.addPort: .*\(2,port,0\); the schema says .*\(1,port,0\)/,
  ],
  [
    'an offset that is one off',
    `${generated}.js`,
    '(this.bb_pos, 6)',
    '(this.bb_pos, 8)',
    /IpPort\.port: /,
  ],
  [
    'another type',
    schema,
    port,
    '    port: uint32;',
    /IpPort\.port: .*readUint16; the schema says .*readUint32/,
  ],
  ['another required field', schema, 'ip: string (required)', 'ip: string', /IpPort\.endIpPort/],
  [
    'another enum value',
    'node/lib/fbs/transport/protocol.js',
    '["TCP"] = 2]',
    '["TCP"] = 3]',
    /enum Protocol: .*TCP = 3; the schema says .*TCP = 2/,
  ],
])('%s is found', async (_, file, from, to, says) => {
  const path = join(source, file);
  const text = readFileSync(path, 'utf8');
  onTestFinished(() => writeFileSync(path, text));
  expect(text).toContain(from);
  writeFileSync(path, text.replaceAll(from, to));

  expect((await checkSchema(source, temporaryFolder())).join('\n')).toMatch(says);
});
