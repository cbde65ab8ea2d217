/**
 * ICE username fragments that name their room and peer: `room/peer/` and 32 random characters, which the worker
 * appends (patches/ice-username-fragment-prefix.patch). docs/ice-ufrag.md says what that is for.
 */

/** Half of what 256 characters (RFC 8839, section 5.4) leave beside two slashes and the random part. */
const maxIdLength = 111;

/** What can't stand in an encoded id, so it marks one that was cut in both directions. */
const cutMark = { encoded: '+', decoded: '…' };

/** Whose transport it is. */
export interface UfragOwner {
  roomId: string;
  peerId: string;
}

/** @returns what a transport's ufrag shall begin with */
export function ufragPrefixOf({ roomId, peerId }: UfragOwner): string {
  return `${encodeId(roomId)}/${encodeId(peerId)}`;
}

/**
 * Reads such a fragment, or a STUN USERNAME, which is one with a colon and the other side's behind it.
 *
 * @returns whose it is, an id that was too long ending with `…`; undefined when it is no such fragment
 */
export function ownerOfUfrag(ufrag: string): UfragOwner | undefined {
  const [, room, peer] = /^([^/:]+)\/([^/:]+)\/[a-z0-9]{32}(?::|$)/.exec(ufrag) ?? [];
  if (!room || !peer) {
    return undefined;
  }
  try {
    return { roomId: decodeId(room), peerId: decodeId(peer) };
  } catch {
    return undefined;
  }
}

/** Percent-encoding with a plus: of the characters that ids may have, RFC 8839 has no `-` and no `_`. */
function encodeId(id: string): string {
  const characters = [...id].map((one) => (/[A-Za-z0-9]/.test(one) ? one : encodeBytes(one)));
  const whole = characters.join('');
  if (whole.length <= maxIdLength) {
    return whole;
  }

  let cut = '';
  for (const character of characters) {
    if (cut.length + character.length + cutMark.encoded.length > maxIdLength) {
      break;
    }
    cut += character;
  }
  return cut + cutMark.encoded;
}

function encodeBytes(character: string): string {
  return Buffer.from(character).toString('hex').toUpperCase().replace(/../g, '+$&');
}

function decodeId(text: string): string {
  const isCut = text.endsWith(cutMark.encoded);
  const kept = isCut ? text.slice(0, -cutMark.encoded.length) : text;
  return decodeURIComponent(kept.replaceAll('+', '%')) + (isCut ? cutMark.decoded : '');
}
