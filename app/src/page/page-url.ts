/** The page's URL: which room, and how to take part. The parameters are mediasoup-demo's. */
import { displayNameSchema, type RoomId, roomIdSchema } from '@oneport/protocol';

export interface PageSettings {
  /** undefined: the URL names none. null: what it names can't be a room id. */
  roomId: RoomId | undefined | null;
  displayName: string | undefined;
  /** Media over TCP only. */
  forceTcp: boolean;
  /** false: only watch. */
  produce: boolean;
  /** false: only send. */
  consume: boolean;
}

/** Where those meet who open the plain address: two tabs, say. */
export const meetingPoint: RoomId = 'main';

const falsy = new Set(['false', '0', 'no']);
const truthy = new Set(['true', '1', 'yes']);

/**
 * @param search - the URL's query, such as `location.search`
 */
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
 * The page's URL with another room in it; its other parameters stay.
 *
 * @param href - the page's whole URL
 */
export function urlWithRoom(href: string, roomId: RoomId): string {
  const url = new URL(href);
  url.searchParams.set('roomId', roomId);
  return url.href;
}

/**
 * What to send to the people who shall come: the room, and nothing that is only for me.
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
