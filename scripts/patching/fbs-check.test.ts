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

let source: string;

// In node_modules, patches may have changed one half of what is compared.
beforeAll(async () => {
  const tarball = await getTarball(pinnedMediasoup(root));

  source = mkdtempSync(join(tmpdir(), 'oneport-test-'));
  execFileSync('tar', [
    ...['-xzf', tarball, '-C', source, '--strip-components=1'],
    ...['package/worker/fbs', 'package/node/lib/fbs'],
  ]);

  return () => rmSync(source, { recursive: true });
});
beforeEach(isolateSetUp);

test('all of the generated files that mediasoup publishes agree with its schema, whatever flatc made them', async () => {
  expect(await check()).toEqual([]);
});

test.each([
  {
    what: 'a field that only the schema has',
    file: 'worker/fbs/webRtcServer.fbs',
    from: '    port: uint16;',
    to: '    port: uint16;\n    added: string;',
    says: /web-rtc-server\/IpPort\.added is missing/,
  },
  {
    what: 'a slot that is one off',
    file: 'node/lib/fbs/web-rtc-server/ip-port.js',
    from: 'builder.addFieldInt16(1, port, 0)',
    to: 'builder.addFieldInt16(2, port, 0)',
    says: /IpPort\.addPort: .*\(2,port,0\); the schema says .*\(1,port,0\)/,
  },
  {
    what: 'an offset read that is one off',
    file: 'node/lib/fbs/web-rtc-server/ip-port.js',
    from: '__offset(this.bb_pos, 6)',
    to: '__offset(this.bb_pos, 8)',
    says: /IpPort\.port: /,
  },
  {
    what: 'another type',
    file: 'worker/fbs/webRtcServer.fbs',
    from: '    port: uint16;',
    to: '    port: uint32;',
    says: /IpPort\.port: .*readUint16; the schema says .*readUint32/,
  },
  {
    what: 'what is required',
    file: 'worker/fbs/webRtcServer.fbs',
    from: 'ip: string (required)',
    to: 'ip: string',
    says: /IpPort\.endIpPort/,
  },
  {
    what: "an enum's value",
    file: 'node/lib/fbs/transport/protocol.js',
    from: '["TCP"] = 2]',
    to: '["TCP"] = 3]',
    says: /enum Protocol: .*TCP = 3; the schema says .*TCP = 2/,
  },
  {
    what: 'a declaration that lacks a method',
    file: 'node/lib/fbs/web-rtc-server/ip-port.d.ts',
    from: '    port(): number;\n',
    to: '',
    says: /IpPort: .*\(\.d\.ts\)/,
  },
  {
    what: 'an export that is missing',
    file: 'node/lib/fbs/web-rtc-server.js',
    from: 'require("./web-rtc-server/ip-port")',
    to: 'require("./web-rtc-server/dump-response")',
    says: /web-rtc-server\.js doesn't export \.\/web-rtc-server\/ip-port/,
  },
])('$what is found', async ({ file, from, to, says }) => {
  const path = join(source, file);
  const text = readFileSync(path, 'utf8');

  onTestFinished(() => writeFileSync(path, text));
  expect(text).toContain(from);
  writeFileSync(path, text.replaceAll(from, to));

  expect((await check()).join('\n')).toMatch(says);
});

function check(): Promise<string[]> {
  return checkSchema(source, temporaryFolder());
}
