/** The parameters of the page's URL. They are those of mediasoup-demo. */
import { displayNameSchema, type RoomId, roomIdSchema } from '@oneport/protocol';

export interface PageSettings {
  /** undefined: the URL names no room. null: what it names is not a valid room id. */
  roomId: RoomId | undefined | null;
  displayName: string | undefined;
  /** Media over TCP only. */
  forceTcp: boolean;
  /** false: only receive. */
  produce: boolean;
  /** false: only send. */
  consume: boolean;
}

/** The room of the plain address, so that two people who open it meet. */
export const defaultRoomId: RoomId = 'main';

const falsy = new Set(['false', '0', 'no']);
const truthy = new Set(['true', '1', 'yes']);

/** @param search - the URL's query, such as `location.search` */
export function readPageUrl(search: string): PageSettings {
  const query = new URLSearchParams(search);
  const room = query.get('roomId');
  const roomId = roomIdSchema.safeParse(room);
  const displayName = displayNameSchema.safeParse(query.get('displayName'));
  return {
    roomId: room === null || room === '' ? undefined : roomId.success ? roomId.data : null,
    displayName: displayName.success ? displayName.data : undefined,
    forceTcp: truthy.has(query.get('forceTcp') ?? ''),
    produce: !falsy.has(query.get('produce') ?? ''),
    consume: !falsy.has(query.get('consume') ?? ''),
  };
}

/**
 * The page's URL with another room; the other parameters stay.
 *
 * @param href - the page's whole URL
 */
export function urlWithRoom(href: string, roomId: RoomId): string {
  const url = new URL(href);
  url.searchParams.set('roomId', roomId);
  return url.href;
}

/**
 * The URL to send to others: it names the room, and contains no personal parameters.
 *
 * @param href - the page's whole URL
 */
export function invitationUrl(href: string, roomId: RoomId): string {
  const url = new URL(href);
  url.search = '';
  url.hash = '';
  url.searchParams.set('roomId', roomId);
  return url.href;
}
