import { randomUUID } from 'node:crypto';
import fc from 'fast-check';
import type { Exception } from './from-schema.ts';

/** Objects that an id in a request can refer to. The ids are known only when the peer is connected. */
const owners = [
  'sendTransport',
  'recvTransport',
  'producer',
  'consumer',
  'othersProducer',
  'unknown',
] as const;

export type Ids = Partial<Record<(typeof owners)[number], string>>;

const placeholders = owners.map((_, i) => `00000000-0000-4000-8000-${String(i).padStart(12, '0')}`);

/** By the name of the member that has the id. */
const ownOf: Record<string, (typeof owners)[number]> = {
  transportId: 'sendTransport',
  producerId: 'producer',
  consumerId: 'consumer',
};

/** Placeholders, mostly for the peer's own ids: random ids would all be unknown to the server. */
export const uuids: Exception = (schema, name) => {
  if (schema.format !== 'uuid') {
    return undefined;
  }
  const own = placeholders[owners.indexOf(ownOf[name] ?? 'unknown')];
  return fc.oneof(
    { weight: 4, arbitrary: fc.constant(own) },
    { weight: 1, arbitrary: fc.constantFrom(...placeholders) },
  );
};

/**
 * Replaces the placeholders.
 *
 * @param text - JSON with placeholders
 * @param ids - the known ids; other placeholders become random ids
 */
export function withIds(text: string, ids: Ids): string {
  return owners.reduce(
    (result, owner, i) => result.replaceAll(placeholders[i] ?? '', ids[owner] ?? randomUUID()),
    text,
  );
}
