import { randomUUID } from 'node:crypto';
import fc from 'fast-check';
import type { Exception } from './from-schema.ts';

/** Whose an id is that a peer sends. It is known only when the peer is there. */
const owners = [
  'sendTransport',
  'recvTransport',
  'producer',
  'consumer',
  'othersProducer',
  'nobody',
] as const;

export type Ids = Partial<Record<(typeof owners)[number], string>>;

const placeholders = owners.map((_, i) => `00000000-0000-4000-8000-${String(i).padStart(12, '0')}`);

/** By the member that an id is for. */
const ownOf: Record<string, (typeof owners)[number]> = {
  transportId: 'sendTransport',
  producerId: 'producer',
  consumerId: 'consumer',
};

/** Ids that stand for a peer's own, mostly, and others': a random one would never lead anywhere. */
export const uuids: Exception = (schema, name) => {
  if (!('format' in schema._zod.def) || schema._zod.def.format !== 'uuid') {
    return undefined;
  }
  const own = placeholders[owners.indexOf(ownOf[name] ?? 'nobody')];
  return fc.oneof(
    { weight: 4, arbitrary: fc.constant(own) },
    { weight: 1, arbitrary: fc.constantFrom(...placeholders) },
  );
};

/**
 * Puts real ids in their places.
 *
 * @param text - JSON with placeholders
 * @param ids - those that are there; the others become ids that nobody has, new for each text
 */
export function withIds(text: string, ids: Ids): string {
  return owners.reduce(
    (result, owner, i) => result.replaceAll(placeholders[i] ?? '', ids[owner] ?? randomUUID()),
    text,
  );
}
