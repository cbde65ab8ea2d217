import fc from 'fast-check';
import { z } from 'zod';

type JsonSchema = z.core.JSONSchema.BaseSchema;

/** Replaces the arbitrary of a schema, which may depend on the name of its member; undefined: not replaced. */
export type Exception = (schema: JsonSchema, name: string) => fc.Arbitrary<unknown> | undefined;

/** The longest array, unless the schema requires a longer one. */
const longestList = 4;
/** The longest string, unless the schema says otherwise. */
const longestString = 64;

/**
 * Makes valid values from a schema, so that a new message is fuzzed from its first day.
 *
 * @param exception - called for each schema within
 * @throws Error at a kind of schema that JSON Schema has no word for
 */
export function fromSchema(schema: z.ZodType, exception: Exception = () => undefined) {
  const values = walk(z.toJSONSchema(schema, { io: 'input' }), exception, '');
  // Refinements are functions, so only the schema itself can tell whether a value is valid.
  return values.filter((value) => schema.safeParse(value).success);
}

function walk(schema: JsonSchema, exception: Exception, name: string): fc.Arbitrary<unknown> {
  const own = exception(schema, name);
  if (own) {
    return own;
  }
  const inner = (within: unknown, member = name) => walk(within as JsonSchema, exception, member);
  const { type, minimum: min, maximum: max, properties = {}, required = [], anyOf } = schema;
  if (schema.enum || schema.const !== undefined) {
    return fc.constantFrom(...(schema.enum ?? [schema.const]));
  }
  if (anyOf) {
    return fc.oneof(...anyOf.map((option) => inner(option)));
  }
  switch (type) {
    case 'string':
      return stringOf(schema);
    case 'integer':
      return fc.integer({ min, max });
    case 'number':
      return fc.double({ min, max, noNaN: true });
    case 'boolean':
      return fc.boolean();
    case 'null':
      return fc.constant(null);
    case 'array': {
      const { minItems = 0, maxItems = longestList } = schema;
      const maxLength = Math.max(minItems, Math.min(maxItems, longestList));
      return fc.array(inner(schema.items), { minLength: minItems, maxLength });
    }
    case 'object':
      return fc.record(
        Object.fromEntries(
          Object.entries(properties).map(([member, of]) => [member, inner(of, member)]),
        ),
        { requiredKeys: required, noNullPrototype: true },
      );
    default:
      return fc.jsonValue();
  }
}

/** Any Unicode character. Shared, because fast-check makes large tables for each. */
const character = fc.oneof(
  ...(['grapheme-ascii', 'grapheme', 'binary'] as const).map((unit) =>
    fc.string({ unit, minLength: 1, maxLength: 1 }),
  ),
);

function stringOf({ pattern, minLength, maxLength = longestString }: JsonSchema) {
  return pattern?.startsWith('^') && pattern.endsWith('$')
    ? fc.stringMatching(new RegExp(pattern))
    : fc.string({ unit: character, minLength, maxLength });
}
