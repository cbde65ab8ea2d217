/**
 * ICE username fragments that name their room and peer: `room/peer/` and 32 random characters, which the worker
 * appends (patches/ice-username-fragment-prefix.patch). docs/ice-ufrag.md describes their use.
 */

/** 256 characters (RFC 8839, section 5.4) minus two slashes and the random part, divided by two. */
const maxIdLength = 111;

/** Marks an id that was cut. Neither mark occurs in a whole id. */
const cutMark = { encoded: '+', decoded: '…' };

export interface UfragOwner {
  roomId: string;
  peerId: string;
}

/** The prefix of a transport's ufrag, without the slash before the random part. */
export function ufragPrefixOf({ roomId, peerId }: UfragOwner): string {
  return `${encodeId(roomId)}/${encodeId(peerId)}`;
}

/**
 * Decodes such a fragment, or a STUN USERNAME that begins with one and a colon.
 *
 * @returns the owner, in which ids that were cut end with `…`; undefined for other fragments
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

/** Percent-encoding with a plus sign. Ids may contain `-` and `_`, which RFC 8839 does not allow in ufrags. */
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
