/**
 * Keeps a session across a reload of the page. The saved session holds the resume secret, so it is in the tab's own
 * sessionStorage, and only while no page is loaded: a tab that is duplicated or opened by this one gets a copy of
 * sessionStorage (WHATWG Storage, "legacy-clone a traversable storage shed") and finds nothing in it.
 */
import { displayNameSchema, peerIdSchema, type RoomId } from '@oneport/protocol';
import { type PageStorage, readStoredJson, writeStored } from './storage.ts';

export interface SavedSession {
  readonly roomId: RoomId;
  readonly peerId: string;
  readonly displayName: string;
  /** From the last `welcome`. Single use. undefined: the peer was waiting to be admitted. */
  readonly resumeSecret: string | undefined;
  /** Whether the microphone was unmuted and the camera was on. */
  readonly microphone: boolean;
  readonly camera: boolean;
}

const key = 'oneport.session';

/** Milliseconds. A browser that restores its tabs the next day must not put anybody into a call. */
const maxAge = 60_000;

/**
 * Saves the session when the page is unloaded.
 *
 * @param session - undefined: there is nothing to restore
 * @param now - milliseconds since the epoch
 */
export function saveSession(
  storage: PageStorage | undefined,
  session: SavedSession | undefined,
  now: number,
): void {
  writeStored(storage, key, session && JSON.stringify({ ...session, savedAt: now }));
}

/**
 * Takes the saved session out of the storage. An invalid one is removed too.
 *
 * @param roomId - of the page: a session in another room is not restored
 * @param now - milliseconds since the epoch
 */
export function takeSavedSession(
  storage: PageStorage | undefined,
  roomId: RoomId,
  now: number,
): SavedSession | undefined {
  const saved = readStoredJson(storage, key);
  writeStored(storage, key, undefined);
  if (saved === null || typeof saved !== 'object') {
    return undefined;
  }
  const read = (name: keyof SavedSession | 'savedAt'): unknown => Reflect.get(saved, name);
  const peerId = peerIdSchema.safeParse(read('peerId'));
  const displayName = displayNameSchema.safeParse(read('displayName'));
  const [resumeSecret, age] = [read('resumeSecret'), now - Number(read('savedAt'))];
  const isCurrent = read('roomId') === roomId && age >= 0 && age < maxAge;
  if (!isCurrent || !peerId.success || !displayName.success) {
    return undefined;
  }
  if (resumeSecret !== undefined && typeof resumeSecret !== 'string') {
    return undefined;
  }
  return {
    roomId,
    peerId: peerId.data,
    displayName: displayName.data,
    resumeSecret,
    microphone: read('microphone') === true,
    camera: read('camera') === true,
  };
}
