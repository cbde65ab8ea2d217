import fc from 'fast-check';
import { hostileValue } from './hostile.ts';

const kinds = ['replace', 'remove', 'add', 'repeat', 'wrap', 'rename'] as const;

interface Change {
  kind: (typeof kinds)[number];
  /** Which of the value's places, counted in order, modulo how many there are. */
  place: number;
  value: unknown;
}

const change: fc.Arbitrary<Change> = fc.record({
  kind: fc.constantFrom(...kinds),
  place: fc.nat({ max: 10_000 }),
  value: hostileValue,
});

/** Valid values with one to three things wrong, at any depth. Some are valid still. */
export function nearlyValid(valid: fc.Arbitrary<unknown>): fc.Arbitrary<unknown> {
  return fc
    .tuple(valid, fc.array(change, { minLength: 1, maxLength: 3 }))
    .map(([value, changes]) => changes.reduce(apply, value));
}

/** @returns a copy that differs in one place; the value itself stays as it is */
export function apply(value: unknown, { kind, place, value: other }: Change): unknown {
  const root: Parent = { value: structuredClone(value) };
  const places = placesOf(root);
  const [parent, key] = places[place % places.length] as [Parent, string];
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
      break;
    case 'wrap':
      parent[key] = place % 2 ? [here] : { value: here };
      break;
    case 'rename':
      if (!Array.isArray(parent)) {
        delete parent[key];
      }
      parent[Array.isArray(parent) ? key : `${key} `] = here;
  }
  return root.value;
}

type Parent = Record<string, unknown>;

/** Every place within, the outermost first. */
function placesOf(parent: Parent): [Parent, string][] {
  return Object.keys(parent).flatMap((key) => {
    const here = parent[key];
    return [[parent, key], ...(isObject(here) ? placesOf(here) : [])] as [Parent, string][];
  });
}

function isObject(value: unknown): value is Parent {
  return typeof value === 'object' && value !== null;
}
