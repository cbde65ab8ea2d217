/**
 * A place in a call, kept from a page to the one that it is loaded again as. It holds the secret by which that one
 * takes the place, so it goes to the tab's own sessionStorage, and is there only while no page lives: a tab that is
 * duplicated, or opened by this one, is given a copy of sessionStorage (WHATWG Storage, "legacy-clone a traversable storage
 * shed"), and finds
 * nothing in it.
 */
import { displayNameSchema, peerIdSchema, type RoomId } from '@oneport/protocol';

export interface Place {
  readonly roomId: RoomId;
  readonly peerId: string;
  readonly displayName: string;
  /** From the last `welcome`. Single use. */
  readonly resumeSecret: string;
  /** Whether they were open, and heard and seen. */
  readonly microphone: boolean;
  readonly camera: boolean;
}

/** The part of W3C `Storage` that is needed. */
export type PlaceStorage = Pick<Storage, 'getItem' | 'setItem' | 'removeItem'>;

const key = 'oneport.place';

/** Milliseconds. A browser that is opened the next day with its old tabs must not put anybody into a call. */
const goodFor = 60_000;

/**
 * The page goes.
 *
 * @param place - undefined: there is nothing to come back to
 * @param now - milliseconds since 1970
 */
export function keepPlace(
  storage: PlaceStorage | undefined,
  place: Place | undefined,
  now: number,
): void {
  try {
    if (place) {
      storage?.setItem(key, JSON.stringify({ ...place, keptAt: now }));
    } else {
      storage?.removeItem(key);
    }
  } catch (error) {
    console.warn('the place in the call could not be kept', error);
  }
}

/**
 * The page comes. What was kept is taken out of the storage, whatever it is.
 *
 * @param roomId - of the page: a place in another room is none
 * @param now - milliseconds since 1970
 */
export function takePlace(
  storage: PlaceStorage | undefined,
  roomId: RoomId,
  now: number,
): Place | undefined {
  let kept: unknown;
  try {
    kept = JSON.parse(storage?.getItem(key) ?? 'null');
    storage?.removeItem(key);
  } catch {
    // Blocked storage or a broken entry: the same as nothing kept.
    return undefined;
  }
  if (kept === null || typeof kept !== 'object') {
    return undefined;
  }
  const read = (name: keyof Place | 'keptAt'): unknown => Reflect.get(kept, name);
  const peerId = peerIdSchema.safeParse(read('peerId'));
  const displayName = displayNameSchema.safeParse(read('displayName'));
  const [resumeSecret, age] = [read('resumeSecret'), now - Number(read('keptAt'))];
  const isGood = read('roomId') === roomId && age >= 0 && age < goodFor;
  if (!isGood || !peerId.success || !displayName.success) {
    return undefined;
  }
  if (typeof resumeSecret !== 'string') {
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
