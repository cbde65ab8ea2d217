/**
 * Random ids. Outside of secure contexts (W3C Secure Contexts) there is no `crypto.randomUUID`, but
 * `crypto.getRandomValues` works everywhere.
 */

const adjectives =
  'amber brave calm clear coral early fair fleet fresh glad gold green happy jolly keen kind light lucky mellow merry misty noble proud quick quiet rapid silver sunny swift tidy vivid warm';
const nouns =
  'badger beacon bridge brook canyon cedar comet coast delta falcon finch fjord forest garden harbor heron island lagoon lark maple meadow otter panda pier pine prairie river sparrow summit tide valley willow';

function randomBytes(count: number): Uint8Array {
  return crypto.getRandomValues(new Uint8Array(count));
}

function hex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

/** A version 4 UUID (RFC 9562, section 5.4). */
export function newUuid(): string {
  const bytes = randomBytes(16);
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x40;
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
  const digits = hex(bytes);
  return [
    digits.slice(0, 8),
    digits.slice(8, 12),
    digits.slice(12, 16),
    digits.slice(16, 20),
    digits.slice(20),
  ].join('-');
}

/** A peer id that can't be guessed: 64 random bits. */
export function newPeerId(): string {
  return hex(randomBytes(8));
}

/** A room id that can be read aloud: two words and 32 random bits, such as `calm-otter-7k2m9xq`. */
export function newRoomId(): string {
  const [first = 0, second = 0] = randomBytes(2);
  const pick = (words: string, at: number) => {
    const list = words.split(' ');
    return list[at % list.length] ?? 'room';
  };
  const tail = Number.parseInt(hex(randomBytes(4)), 16)
    .toString(36)
    .padStart(7, '0');
  return `${pick(adjectives, first)}-${pick(nouns, second)}-${tail}`;
}

/** A number from 0 to 2^32 - 1, always the same for the same text. */
export function hashOf(text: string): number {
  let hash = 0;
  for (const character of text) {
    hash = (hash * 31 + (character.codePointAt(0) ?? 0)) >>> 0;
  }
  return hash;
}
