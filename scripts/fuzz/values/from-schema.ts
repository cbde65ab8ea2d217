import fc from 'fast-check';
import type { z } from 'zod';

type Schema = z.core.$ZodType;

/** Replaces the arbitrary of a schema, which may depend on the name of its member; undefined: not replaced. */
export type Exception = (schema: Schema, name: string) => fc.Arbitrary<unknown> | undefined;

/** The longest array, unless the schema requires a longer one. */
const longestList = 4;

/**
 * Makes valid values from a schema, so that a new message is fuzzed from its first day.
 *
 * @param schema - of zod 4, read by `_zod.def` (zod.dev, "Zod Core")
 * @param exception - called for each schema within
 * @throws TypeError at a kind of schema that is not supported yet
 */
export function fromSchema(schema: Schema, exception: Exception = () => undefined) {
  return walk(schema, exception, '');
}

function walk(schema: Schema, exception: Exception, name: string): fc.Arbitrary<unknown> {
  const own = exception(schema, name);
  if (own) {
    return own;
  }
  const inner = (within: Schema, member = name) => walk(within, exception, member);
  const { def } = (schema as z.core.$ZodTypes)._zod;
  switch (def.type) {
    case 'string':
      return valid(schema, stringOf(schema));
    case 'number':
      return numberOf(schema);
    case 'boolean':
      return fc.boolean();
    case 'null':
      return fc.constant(null);
    case 'unknown':
    case 'any':
      return fc.jsonValue();
    case 'enum':
      return fc.constantFrom(...Object.values(def.entries));
    case 'literal':
      return fc.constantFrom(...def.values);
    case 'array': {
      const { minimum = 0, maximum = Number.POSITIVE_INFINITY } = limitsOf(schema);
      const maxLength = Math.max(minimum, Math.min(maximum, longestList));
      return valid(schema, fc.array(inner(def.element), { minLength: minimum, maxLength }));
    }
    case 'object':
      return valid(schema, objectOf(def.shape, inner));
    case 'record':
      return fc.dictionary(inner(def.keyType) as fc.Arbitrary<string>, inner(def.valueType));
    case 'union':
      return fc.oneof(...def.options.map((option) => inner(option)));
    case 'nullable':
      return fc.option(inner(def.innerType));
    case 'optional':
    case 'default':
    case 'nonoptional':
    case 'readonly':
      return inner(def.innerType);
    case 'pipe':
      // Values are the input of the pipe. In a pipe of zod's preprocess, `in` is a transformation.
      return valid(
        schema,
        inner(isTransform(def.in) || isPlainer(def.in, def.out) ? def.out : def.in),
      );
    default:
      throw new TypeError(
        `no arbitrary for a schema of the kind ${def.type} yet: ${import.meta.url}`,
      );
  }
}

function objectOf(
  shape: Readonly<Record<string, Schema>>,
  inner: (s: Schema, name: string) => fc.Arbitrary<unknown>,
) {
  const members = Object.entries(shape);
  const required = members.filter(([, member]) => member._zod.optin !== 'optional');
  return fc.record(
    Object.fromEntries(members.map(([name, member]) => [name, inner(member, name)])),
    {
      requiredKeys: required.map(([name]) => name),
      noNullPrototype: true,
    },
  );
}

/** Refinements are functions, so only the schema itself can tell whether a value is valid. */
function valid(schema: Schema, values: fc.Arbitrary<unknown>): fc.Arbitrary<unknown> {
  return values.filter((value) => (schema as z.ZodType).safeParse(value).success);
}

/** Any Unicode character. Shared, because fast-check makes large tables for each. */
const character = fc.oneof(
  ...(['grapheme-ascii', 'grapheme', 'binary'] as const).map((unit) =>
    fc.string({ unit, minLength: 1, maxLength: 1 }),
  ),
);

function stringOf(schema: Schema): fc.Arbitrary<string> {
  const { minimum = 0, maximum = 200, patterns } = limitsOf(schema);
  const whole = patterns.find(({ source }) => source.startsWith('^') && source.endsWith('$'));
  if (whole) {
    return fc.stringMatching(whole);
  }
  return fc.string({ unit: character, minLength: minimum, maxLength: maximum });
}

function numberOf(schema: Schema): fc.Arbitrary<number> {
  const {
    minimum = Number.MIN_SAFE_INTEGER,
    maximum = Number.MAX_SAFE_INTEGER,
    whole,
  } = limitsOf(schema);
  return whole
    ? fc.integer({ min: minimum, max: maximum })
    : fc.double({ min: minimum, max: maximum, noNaN: true });
}

interface Limits {
  minimum?: number;
  maximum?: number;
  patterns: RegExp[];
  whole: boolean;
}

/** The limits by the schema's checks and by its format. */
function limitsOf(schema: Schema): Limits {
  const own = schema._zod.def as unknown as Check & { checks?: { _zod: { def: Check } }[] };
  const limits: Limits = { patterns: [], whole: false };
  for (const check of [own, ...(own.checks ?? []).map(({ _zod }) => _zod.def)]) {
    if (check.pattern) {
      limits.patterns.push(check.pattern);
    }
    if (check.format === 'safeint') {
      limits.whole = true;
    }
    const minimum = check.minimum ?? (check.check === 'greater_than' ? check.value : undefined);
    const maximum = check.maximum ?? (check.check === 'less_than' ? check.value : undefined);
    if (minimum !== undefined) {
      limits.minimum = minimum;
    }
    if (maximum !== undefined) {
      limits.maximum = maximum;
    }
  }
  // A format's pattern is not always in its definition.
  for (const pattern of (schema._zod.bag.patterns ?? []) as Iterable<RegExp>) {
    limits.patterns.push(pattern);
  }
  return limits;
}

interface Check {
  check?: string;
  format?: string;
  pattern?: RegExp;
  minimum?: number;
  maximum?: number;
  value?: number;
}

function isTransform(schema: Schema): boolean {
  return (schema as z.core.$ZodTypes)._zod.def.type === 'transform';
}

/** A string that is trimmed has its limits only in the schema after the transformation. */
function isPlainer(first: Schema, second: Schema): boolean {
  const { def } = (first as z.core.$ZodTypes)._zod;
  return def.type === 'pipe' && isTransform(def.out) && !isTransform(second);
}
