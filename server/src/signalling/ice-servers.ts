import { createHmac } from 'node:crypto';
import type { Welcome } from '@oneport/protocol';
import type { TurnConfig } from '../config/types.ts';

const validSeconds = 24 * 60 * 60;

/**
 * The ICE servers for a peer. An ICE-Lite server needs no STUN server, and TURN only for networks that let nothing
 * but TLS out.
 *
 * The username holds the expiry time, and the password is its signature, so the TURN server needs no list of users
 * (draft-uberti-behave-turn-rest-00, section 2.2; coturn's use-auth-secret).
 *
 * @param peerId - part of the username, for the TURN server's log and quotas
 * @param now - milliseconds since 1970
 */
export function iceServersFor(
  turn: TurnConfig | undefined,
  peerId: string,
  now = Date.now(),
): Welcome['iceServers'] {
  if (!turn) {
    return [];
  }
  const username = `${Math.floor(now / 1000) + validSeconds}:${peerId}`;
  const credential = createHmac('sha1', turn.secret).update(username).digest('base64');
  return [{ urls: turn.urls, username, credential }];
}
