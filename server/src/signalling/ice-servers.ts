import { createHash, createHmac } from 'node:crypto';
import type { Welcome } from '@oneport/protocol';
import type { Access } from '../access/access.ts';
import type { TurnConfig } from '../config/types.ts';

const validMs = 24 * 60 * 60 * 1000;

/** coturn refuses quotes and backslashes in usernames. */
const plain = /^[\w.@+:~-]+$/;

/**
 * The ICE servers for a peer. An ICE-Lite server needs no STUN server, and TURN only for networks that let nothing
 * but TLS out.
 *
 * The username holds the expiry time, and the password is its signature, so the TURN server needs no list of users
 * (draft-uberti-behave-turn-rest-00, section 2.2; coturn's use-auth-secret). The credentials are valid for a day, but
 * no longer than the peer's token. The TURN server's quotas count by the rest of the username: the token's subject, so
 * that more connections of one person share a quota.
 *
 * @param peerId - instead of the subject, where no token is required
 * @param now - milliseconds since 1970
 */
export function iceServersFor(
  turn: TurnConfig | undefined,
  { subject, expiresAt = Number.POSITIVE_INFINITY }: Pick<Access, 'subject' | 'expiresAt'>,
  peerId: string,
  now = Date.now(),
): Welcome['iceServers'] {
  if (!turn) {
    return [];
  }
  const expiry = Math.floor(Math.min(now + validMs, expiresAt) / 1000);
  const username = `${expiry}:${turnUserOf(subject ?? peerId)}`;
  const credential = createHmac('sha1', turn.secret).update(username).digest('base64');
  return [{ urls: turn.urls, username, credential }];
}

function turnUserOf(name: string): string {
  return plain.test(name) ? name : createHash('sha256').update(name).digest('base64url');
}
