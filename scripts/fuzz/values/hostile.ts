import fc from 'fast-check';

/** A line of SDP that would add a candidate in a browser that receives it unescaped. */
const lineOfSdp = '0\r\na=candidate:1 1 udp 1 192.0.2.1 9 typ host';

/** Values that often break programs. */
export const hostileValue: fc.Arbitrary<unknown> = fc.oneof(
  fc.constantFrom<unknown>(
    ...[null, true, false, '', ' ', '\n', '0', '-1', 'null', '__proto__', 'constructor'],
    ...['toString', '\u0000', '\u202e', '\ud800', '\ufeff', '%00', '\u{1f469}\u200d'],
    ...[lineOfSdp, '../../etc/passwd'],
    ...[0, -0, -1, 0.5, 127, 128, 255, 256, 65_535, 65_536, 1e308, 5e-324],
    ...[2 ** 31, 2 ** 32, 2 ** 53, 2 ** 64, -(2 ** 63)],
    ...[[], {}, [null], [[]], { length: 1e9 }, { toJSON: 1, toString: 1, valueOf: 1 }],
  ),
  fc.integer({ min: 1, max: 20_000 }).map((length) => 'x'.repeat(length)),
  fc.integer({ min: 1, max: 2_000 }).map((length) => Array(length).fill(0)),
  fc.integer({ min: 1, max: 500 }).map((depth) => nest(depth)),
  fc.jsonValue(),
);

/** JSON texts that JSON.stringify does not produce, and texts that are not JSON. */
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

interface Change {
  kind: 'replace' | 'remove' | 'add' | 'repeat';
  /** The index of a member, in order of `membersOf`, modulo their number. */
  place: number;
  value: unknown;
}

const change: fc.Arbitrary<Change> = fc.record({
  kind: fc.constantFrom('replace', 'remove', 'add', 'repeat'),
  place: fc.nat({ max: 10_000 }),
  value: hostileValue,
});

/** Valid values with one to three errors, at any depth. A few are still valid. */
export function nearlyValid(valid: fc.Arbitrary<unknown>): fc.Arbitrary<unknown> {
  return fc
    .tuple(valid, fc.array(change, { minLength: 1, maxLength: 3 }))
    .map(([value, changes]) => changes.reduce(apply, value));
}

/** @returns a copy with one change */
function apply(value: unknown, { kind, place, value: other }: Change): unknown {
  const root: Parent = { value: structuredClone(value) };
  const members = membersOf(root);
  const [parent, key] = members[place % members.length] as [Parent, string];
  const here = parent[key];
  switch (kind) {
    case 'replace':
      parent[key] = other;
      break;
    case 'remove':
      if (Array.isArray(parent)) {
        parent.splice(Number(key), 1);
      } else {
        delete parent[key];
      }
      break;
    case 'add':
      if (Array.isArray(here)) {
        here.push(other);
      } else if (isObject(here)) {
        here.extra = other;
      } else {
        parent[key] = other;
      }
      break;
    case 'repeat':
      if (Array.isArray(here)) {
        here.push(...Array(50).fill(here).flat());
      } else if (typeof here === 'string') {
        parent[key] = here.repeat(40);
      } else if (typeof here === 'number') {
        parent[key] = here * 1_000 + 1;
      }
  }
  return root.value;
}

type Parent = Record<string, unknown>;

/** Every member at any depth, the outermost first. */
function membersOf(parent: Parent): [Parent, string][] {
  return Object.keys(parent).flatMap((key) => {
    const here = parent[key];
    return [[parent, key], ...(isObject(here) ? membersOf(here) : [])] as [Parent, string][];
  });
}

function isObject(value: unknown): value is Parent {
  return typeof value === 'object' && value !== null;
}
