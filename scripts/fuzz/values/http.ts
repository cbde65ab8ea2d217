import fc from 'fast-check';

const paths = [
  ...[
    '/',
    '/health',
    '/ready',
    '/metrics',
    '/api/ports',
    '/api',
    '/api/',
    '/api/rooms',
    '/docs',
    '/docs/setup',
  ],
  ...[
    '/dashboard',
    '/assets/',
    '/assets/index.js',
    '/signalling?roomId=a&peerId=b',
    '/socket.io/?EIO=4',
  ],
  ...[
    '/socket.io/?EIO=4&transport=websocket',
    '/socket.io/?EIO=4&transport=polling&sid=x',
    '/index.html',
  ],
  ...[
    '/%',
    '/%00',
    '/%ff',
    '/..%2f..%2fetc/passwd',
    '/../../etc/passwd',
    '/docs/%2e%2e',
    '/assets/..\\x',
  ],
  ...[
    '//',
    '//evil.example/',
    'http://evil.example/',
    '*',
    '',
    '/docs/constructor',
    '/?__proto__[x]=1',
  ],
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
  {
    weight: 1,
    arbitrary: fc.integer({ min: 100, max: 20_000 }).map((length) => `/${'a'.repeat(length)}`),
  },
);

const method = fc.oneof(
  {
    weight: 9,
    arbitrary: fc.constantFrom(
      'GET',
      'GET',
      'GET',
      'POST',
      'HEAD',
      'PUT',
      'DELETE',
      'OPTIONS',
      'CONNECT',
    ),
  },
  {
    weight: 1,
    arbitrary: fc.constantFrom('PRI', 'TRACE', 'get', 'SOURCE', 'x'.repeat(1_000), '', 'G T'),
  },
);

/** Names and values that something on the way looks at. */
const header = fc.oneof(
  fc.constantFrom(
    ...[
      'Host: localhost',
      'Host: evil.example',
      'Host:',
      'Origin: null',
      'Origin: http://evil.example',
    ],
    ...[
      'Origin: //',
      'Content-Length: 5',
      'Content-Length: -1',
      'Content-Length: 99999999999999999999',
    ],
    ...[
      'Transfer-Encoding: chunked',
      'Transfer-Encoding: chunked, identity',
      'Expect: 100-continue',
    ],
    ...[
      'Expect: x',
      'Connection: keep-alive',
      'Connection: close',
      'Range: bytes=0-',
      'Range: bytes=9-1',
    ],
    ...['If-None-Match: *', 'If-Modified-Since: x', 'Accept-Encoding: br;q=a', 'Accept: \u00ff'],
    ...[
      'Content-Type: application/json',
      'Authorization: Bearer x',
      'Cookie: a=b; __proto__=1',
      'X: ',
    ],
    ...['X-Forwarded-For: 1.2.3.4', ' folded: x', 'no colon', ': no name', 'Upgrade: h2c'],
  ),
  fc.string({ unit: 'binary', maxLength: 100 }),
  fc.integer({ min: 100, max: 20_000 }).map((length) => `Long: ${'y'.repeat(length)}`),
);

/** Of RFC 6455, 4.1, with one of them wrong or missing at times. */
const upgrade = fc
  .tuple(
    fc.constantFrom('Upgrade: websocket', 'Upgrade: websocket', 'Upgrade: WebSocket', 'Upgrade: x'),
    fc.constantFrom('13', '13', '13', '8', '', '99'),
    fc.constantFrom('dGhlIHNhbXBsZSBub25jZQ==', 'dGhlIHNhbXBsZSBub25jZQ==', 'x', ''),
    fc.constantFrom('protoo', 'protoo', 'protoo, protoo', 'x', ',', '"', undefined),
    fc.constantFrom(
      undefined,
      'permessage-deflate; client_max_window_bits',
      'permessage-deflate; a=;',
      ';',
      'x; y="',
    ),
  )
  .map(([first, version, key, protocol, extensions]) => [
    ...[
      first,
      'Connection: Upgrade',
      `Sec-WebSocket-Version: ${version}`,
      `Sec-WebSocket-Key: ${key}`,
    ],
    ...(protocol === undefined ? [] : [`Sec-WebSocket-Protocol: ${protocol}`]),
    ...(extensions === undefined ? [] : [`Sec-WebSocket-Extensions: ${extensions}`]),
  ]);

const body = fc.oneof(
  { weight: 3, arbitrary: fc.constant('') },
  fc.constantFrom(
    '{}',
    'hello',
    '5\r\nhello\r\n0\r\n\r\n',
    'fffffffffffffffff\r\n',
    '0\r\nX: y\r\n\r\n',
    '-1\r\n',
  ),
  fc.string({ unit: 'binary', maxLength: 300 }),
);

/** What is sent as an HTTP request (RFC 9112), or as several of them. */
export const httpBytes: fc.Arbitrary<string> = fc.oneof(
  {
    weight: 9,
    arbitrary: fc
      .record({
        method,
        path,
        version: fc.oneof(
          { weight: 9, arbitrary: fc.constant('HTTP/1.1') },
          { weight: 1, arbitrary: fc.constantFrom('HTTP/1.0', 'HTTP/2.0', 'HTTP/9', '') },
        ),
        headers: fc.oneof(fc.constant([]), fc.array(header, { maxLength: 3 })),
        upgrade: fc.oneof(
          { weight: 3, arbitrary: fc.constant(null) },
          { weight: 1, arbitrary: upgrade },
        ),
        body,
      })
      .map(({ method, path, version, headers, upgrade, body }) =>
        [
          `${method} ${path} ${version}`,
          'Host: 127.0.0.1',
          ...headers,
          ...(upgrade ?? []),
          '',
          body,
        ].join('\r\n'),
      ),
  },
  { weight: 1, arbitrary: fc.string({ unit: 'binary', maxLength: 500 }) },
);
