/** What a generated class or enum does on the wire, as sentences that two versions of flatc agree on. */
export type Facts = ReadonlyMap<string, readonly string[]>;

/**
 * Reads flatc's TypeScript, or the JavaScript that tsc makes of it: which slot of a table each method reads or writes
 * and how, what is required, the order of a constructor's arguments, an enum's values.
 *
 * @param text - A file's content.
 * @returns For each method of a class (`Message.dataType`) and each enum what it does.
 */
export function factsOf(text: string): Facts {
  const found = new Map<string, readonly string[]>();

  for (const { name, body } of classesOf(text)) {
    for (const method of methodsOf(body)) {
      const facts = tokensOf(method.text);

      if (facts.length > 0) {
        found.set(`${name}.${method.name}`, facts);
      }
    }
    found.set(`${name} constructor`, constructorOf(body));
  }
  for (const [, name = '', body = ''] of text.matchAll(/^export enum (\w+) \{([\s\S]*?)\}/gm)) {
    found.set(
      `enum ${name}`,
      [...body.matchAll(/(\w+) = (-?\d+)/g)].map(([, key, value]) => `${key} = ${value}`),
    );
  }
  for (const [, name = '', body = ''] of text.matchAll(
    /^\(function \((\w+)\) \{([\s\S]*?)^\}\)/gm,
  )) {
    found.set(
      `enum ${name}`,
      [...body.matchAll(/\["(\w+)"\] = (-?\d+)\]/g)].map(([, key, value]) => `${key} = ${value}`),
    );
  }

  return found;
}

/**
 * @returns Where two files' facts differ: `Message.dataType: ... instead of ...`. Empty when they mean the same.
 */
export function differences(wanted: Facts, found: Facts): string[] {
  const names = [...new Set([...wanted.keys(), ...found.keys()])];

  return names.flatMap((name) => {
    const should = wanted.get(name)?.join(', ');
    const is = found.get(name)?.join(', ');

    if (should === is) {
      return [];
    }
    if (is === undefined) {
      return [`${name} is missing`];
    }

    return [
      should === undefined
        ? `${name} is not in the schema`
        : `${name}: ${is}; the schema says ${should}`,
    ];
  });
}

/** @returns The names of methods and properties that a .d.ts file declares, by class, for the same comparison. */
export function namesDeclared(text: string): Facts {
  const found = new Map<string, readonly string[]>();

  for (const [, name = '', body = ''] of text.matchAll(
    /^export declare class (\w+)[^{]*\{([\s\S]*?)^\}/gm,
  )) {
    const names = [...body.matchAll(/^ {4}(?:static )?(\w+)\??[(:<]/gm)].map(
      ([, entry]) => entry ?? '',
    );

    found.set(name, [...new Set(names)].filter((entry) => entry !== 'constructor').sort());
  }

  return found;
}

/** @returns The same of a .js file. */
export function namesDefined(text: string): Facts {
  return new Map(
    classesOf(text).map(({ name, body }) => {
      const names = [
        ...methodsOf(body).map((method) => method.name),
        ...[...body.matchAll(/^ {4}(\w+)(?: = [^;]*)?;$/gm)].map(([, entry]) => entry ?? ''),
      ];

      return [name, [...new Set(names)].filter((entry) => entry !== 'constructor').sort()];
    }),
  );
}

function classesOf(text: string): { name: string; body: string }[] {
  return text
    .split(/^(?=(?:export )?class \w+)/m)
    .slice(1)
    .map((body) => ({ name: body.match(/class (\w+)/)?.[1] ?? '', body }));
}

function methodsOf(body: string): { name: string; text: string }[] {
  // A method's first line; statements that look like one begin with a keyword.
  const head =
    /^ {0,4}(?:static )?(?!constructor\b|if\b|for\b|switch\b|return\b|while\b)(\w+)(?:<[^>]*>)?\([^;]*\{$/gm;
  const starts = [...body.matchAll(head)];

  return starts.map((match, index) => ({
    name: match[1] ?? '',
    text: body.slice(match.index + match[0].length, starts[index + 1]?.index),
  }));
}

const wire = [
  /__offset\(this\.bb_pos, \d+\)/,
  /builder\.(?:startObject|startVector|addField\w+|addInt\w+|addFloat\w+|addOffset|requiredField|finish)\([^;]*?\)(?=[; \n]|$)/,
  /(?<=bb\.)(?:read\w+|__string|__indirect|__vector_len|__vector|__union\w*)(?=\()/,
  /\w+\.create\w+\(builder[^;]*\)/,
];
const anyWire = new RegExp(wire.map(({ source }) => source).join('|'), 'g');

function tokensOf(text: string): string[] {
  const plain = text
    .replace(/\/\/.*$/gm, '')
    .replace(/bb!/g, 'bb')
    .replace(/\s+/g, ' ')
    // What an optional number is compared with before it is left out: flatc's versions differ.
    .replace(/(builder\.addField\w+\([^;]*), (?:null|BigInt\(['"]?0['"]?\))\)/g, '$1, 0)')
    // Which module an enum is imported from.
    .replace(/\b\w+_js_\d+\.|\b\w+_\d+\./g, '');

  return [...plain.matchAll(anyWire)].map(([token]) => token.replace(/\s/g, '').replace(/!/g, ''));
}

function constructorOf(body: string): string[] {
  const [, list = ''] = body.match(/constructor\(([\s\S]*?)\)\s*\{/) ?? [];

  return list
    .split(/,(?![^<([]*[>)\]])/)
    .map((part) => part.trim().match(/^(?:public )?(\w+)/)?.[1] ?? '')
    .filter(Boolean);
}
