import assert from 'node:assert/strict';
import fc from 'fast-check';
import { rawPlan, sendRaw } from '../raw-connection.ts';
import { target } from '../run-target.ts';

const paths = [
  ...'/ /health /ready /metrics /api/ports /api /api/ /api/rooms /docs /docs/setup'.split(' '),
  ...'/port-map /assets/ /assets/index.js /index.html /signalling?roomId=a&peerId=b'.split(' '),
  ...'/socket.io/?EIO=4 /socket.io/?EIO=4&transport=websocket'.split(' '),
  ...'/socket.io/?EIO=4&transport=polling&sid=x /docs/constructor /?__proto__[x]=1'.split(' '),
  ...'/% /%00 /%ff /..%2f..%2fetc/passwd /../../etc/passwd /docs/%2e%2e /assets/..\\x'.split(' '),
  ...'// //evil.example/ http://evil.example/ *'.split(' '),
  '',
];

const path = fc.oneof(
  { weight: 12, arbitrary: fc.constantFrom(...paths) },
  {
    weight: 1,
    arbitrary: fc
      .tuple(fc.constantFrom(...paths), fc.webQueryParameters())
      .map(([a, b]) => `${a}?${b}`),
  },
  { weight: 1, arbitrary: fc.string({ unit: 'binary', maxLength: 60 }).map((text) => `/${text}`) },
  { weight: 1, arbitrary: long('/', 'a') },
);

const methods = 'GET GET GET POST HEAD PUT DELETE OPTIONS CONNECT'.split(' ');
const oddMethods = ['PRI', 'TRACE', 'get', 'SOURCE', 'x'.repeat(1_000), '', 'G T'];

/** Headers that the server, Node or a proxy interprets. */
const headers = `Host: localhost
Host: evil.example
Host:
Origin: null
Origin: http://evil.example
Origin: //
Content-Length: 5
Content-Length: -1
Content-Length: 99999999999999999999
Transfer-Encoding: chunked
Transfer-Encoding: chunked, identity
Expect: 100-continue
Expect: x
Connection: keep-alive
Connection: close
Range: bytes=0-
Range: bytes=9-1
If-None-Match: *
If-Modified-Since: x
Accept-Encoding: br;q=a
Accept: \u00ff
Content-Type: application/json
Authorization: Bearer x
Cookie: a=b; __proto__=1
X: 
X-Forwarded-For: 1.2.3.4
 folded: x
no colon
: no name
Upgrade: h2c`.split('\n');

const header = fc.oneof(
  fc.constantFrom(...headers),
  fc.string({ unit: 'binary', maxLength: 100 }),
  long('Long: ', 'y'),
);

const sampleKey = 'dGhlIHNhbXBsZSBub25jZQ==';

/** The headers of a WebSocket handshake (RFC 6455, 4.1), sometimes with one of them wrong or missing. */
const upgrade = fc
  .tuple(
    fc.constantFrom('websocket', 'websocket', 'WebSocket', 'x'),
    fc.constantFrom('13', '13', '13', '8', '', '99'),
    fc.constantFrom(sampleKey, sampleKey, 'x', ''),
    fc.constantFrom('protoo', 'protoo', 'protoo, protoo', 'x', ',', '"', undefined),
    fc.constantFrom(
      ...[undefined, 'permessage-deflate; client_max_window_bits'],
      ...['permessage-deflate; a=;', ';', 'x; y="'],
    ),
  )
  .map(([protocol, version, key, subprotocol, extensions]) => [
    ...[`Upgrade: ${protocol}`, 'Connection: Upgrade'],
    ...[`Sec-WebSocket-Version: ${version}`, `Sec-WebSocket-Key: ${key}`],
    ...(subprotocol === undefined ? [] : [`Sec-WebSocket-Protocol: ${subprotocol}`]),
    ...(extensions === undefined ? [] : [`Sec-WebSocket-Extensions: ${extensions}`]),
  ]);

const body = fc.oneof(
  { weight: 3, arbitrary: fc.constant('') },
  fc.constantFrom(
    ...['{}', 'hello', '5\r\nhello\r\n0\r\n\r\n'],
    ...['fffffffffffffffff\r\n', '0\r\nX: y\r\n\r\n', '-1\r\n'],
  ),
  fc.string({ unit: 'binary', maxLength: 300 }),
);

const generated = fc
  .record({
    method: mostly(fc.constantFrom(...methods), fc.constantFrom(...oddMethods)),
    path,
    version: mostly(fc.constant('HTTP/1.1'), fc.constantFrom('HTTP/1.0', 'HTTP/2.0', 'HTTP/9', '')),
    headers: fc.oneof(fc.constant([]), fc.array(header, { maxLength: 3 })),
    upgrade: fc.oneof({ weight: 3, arbitrary: fc.constant([]) }, { weight: 1, arbitrary: upgrade }),
    body,
  })
  .map(({ method, path, version, headers, upgrade, body }) =>
    [`${method} ${path} ${version}`, 'Host: 127.0.0.1', ...headers, ...upgrade, '', body].join(
      '\r\n',
    ),
  );

/** One or several HTTP requests (RFC 9112), or junk. */
export const httpBytes: fc.Arbitrary<string> = mostly(
  generated,
  fc.string({ unit: 'binary', maxLength: 500 }),
);

const request = fc.record({
  text: fc.array(httpBytes, { minLength: 1, maxLength: 3 }),
  plan: rawPlan,
});

/** HTTP requests and WebSocket handshakes: methods, paths, headers and bodies, pipelined and cut anywhere. */
export const http = target(
  'http',
  fc.array(request, { minLength: 1, maxLength: 12, size: 'max' }),
  async (subject, requests) => {
    const port = Number(new URL(subject.server.url).port);
    await Promise.all(
      requests.map(async ({ text, plan }) => {
        const answer = await sendRaw({ port }, Buffer.from(text.join('')), plan);
        const [, status] = /^HTTP\/1\.1 (\d{3}) /.exec(answer.toString('latin1')) ?? [];
        subject.count(`answers: ${status ?? (answer.length > 0 ? 'other' : 'none')}`);
        assert(!status || Number(status) < 500, `answered ${answer.toString('latin1', 0, 300)}`);
      }),
    );
  },
);

function mostly(usual: fc.Arbitrary<string>, odd: fc.Arbitrary<string>): fc.Arbitrary<string> {
  return fc.oneof({ weight: 9, arbitrary: usual }, { weight: 1, arbitrary: odd });
}

function long(beginning: string, character: string): fc.Arbitrary<string> {
  return fc
    .integer({ min: 100, max: 20_000 })
    .map((length) => beginning + character.repeat(length));
}
