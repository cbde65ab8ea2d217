import fc from 'fast-check';

/** A line of SDP that a browser would believe, if it got that far. */
const lineOfSdp = '0\r\na=candidate:1 1 udp 1 192.0.2.1 9 typ host';

/** Values that programs trip over, whatever they had expected. */
export const hostileValue: fc.Arbitrary<unknown> = fc.oneof(
  fc.constantFrom<unknown>(
    ...[
      null,
      true,
      false,
      '',
      ' ',
      '\n',
      '0',
      '-1',
      'null',
      '__proto__',
      'constructor',
      'toString',
    ],
    ...[
      '\u0000',
      '\u202e',
      '\ud800',
      '\ufeff',
      lineOfSdp,
      '../../etc/passwd',
      '%00',
      '\u{1f469}\u200d',
    ],
    ...[
      0,
      -0,
      -1,
      0.5,
      127,
      128,
      255,
      256,
      65_535,
      65_536,
      2 ** 31,
      2 ** 32,
      2 ** 53,
      2 ** 64,
      -(2 ** 63),
    ],
    ...[1e308, 5e-324],
    ...[[], {}, [null], [[]], { length: 1e9 }, { toJSON: 1, toString: 1, valueOf: 1 }],
  ),
  fc.integer({ min: 1, max: 20_000 }).map((length) => 'x'.repeat(length)),
  fc.integer({ min: 1, max: 2_000 }).map((length) => Array(length).fill(0)),
  fc.integer({ min: 1, max: 500 }).map((depth) => nest(depth)),
  fc.jsonValue(),
);

/** Values as JSON text that no JSON.stringify writes. */
export const hostileJson: fc.Arbitrary<string> = fc.oneof(
  fc.constantFrom(
    ...['', 'null', '0', '""', '[]', '{}', 'NaN', '1e999', '-', '"', '{"', '\u0000', '\ufeff{}'],
    ...['{"__proto__":{"request":true,"id":1,"method":"join"}}', '{"request":true,"request":1}'],
    '{"request":true,"id":1e999,"method":"join","data":{}}',
    '{"request":true,"id":1,"method":"join","data":{"__proto__":{"generation":1}}}',
    '{"request":true,"id":1,"method":"join","data":{"constructor":{"prototype":{"x":1}}}}',
  ),
  fc.integer({ min: 1, max: 60_000 }).map((depth) => '['.repeat(depth)),
  fc.integer({ min: 1, max: 20_000 }).map((depth) => '{"a":'.repeat(depth)),
  fc.string({ unit: 'binary', maxLength: 300 }),
);

function nest(depth: number): unknown {
  let value: unknown = 0;
  for (let i = 0; i < depth; i++) {
    value = i % 2 ? [value] : { a: value };
  }
  return value;
}
