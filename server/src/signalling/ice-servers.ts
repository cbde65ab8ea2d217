import { createHmac } from 'node:crypto';
import type { Welcome } from '@oneport/protocol';
import type { TurnConfig } from '../config/types.ts';

const goodForSeconds = 24 * 60 * 60;

/**
 * What a browser may use besides the server's own candidates. ICE-Lite needs no STUN server, and TURN only where
 * networks let nothing but TLS out.
 *
 * Its name says when the password ends, and the password is that name signed: so the TURN server needs no list (the
 * "REST API for access to TURN services", draft-uberti-behave-turn-rest-00, 2.2; coturn's use-auth-secret).
 *
 * @param turn - TURN_URLS and TURN_SECRET; undefined: none
 * @param peerId - who is to use it, for the TURN server's log and quotas
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
  const username = `${Math.floor(now / 1000) + goodForSeconds}:${peerId}`;
  const credential = createHmac('sha1', turn.secret).update(username).digest('base64');
  return [{ urls: turn.urls, username, credential }];
}
