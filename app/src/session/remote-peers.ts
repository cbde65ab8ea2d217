/** The others in the room, put together from who is there and what arrives from them. */
import type { PeerId, PeerInfo, Source } from '@oneport/protocol';
import type { RemoteMedia } from '../media/consumers.ts';

export interface Person extends PeerInfo {
  readonly microphone: RemoteMedia | undefined;
  readonly camera: RemoteMedia | undefined;
  readonly screen: RemoteMedia | undefined;
  readonly screenAudio: RemoteMedia | undefined;
}

/**
 * @param peers - who is there, in the order in which they are shown
 * @param media - what arrives, of anybody; of two for the same the first counts
 * @param before - the result of last time: what hasn't changed stays the same object
 */
export function assemblePeople(
  peers: Iterable<PeerInfo>,
  media: readonly RemoteMedia[],
  before: readonly Person[],
): readonly Person[] {
  const find = (peerId: PeerId, source: Source) =>
    media.find((one) => one.peerId === peerId && one.source === source);
  const old = new Map(before.map((person) => [person.peerId, person]));
  const people = Array.from(peers, (peer): Person => {
    const person: Person = {
      ...peer,
      microphone: find(peer.peerId, 'microphone'),
      camera: find(peer.peerId, 'camera'),
      screen: find(peer.peerId, 'screen'),
      screenAudio: find(peer.peerId, 'screen-audio'),
    };
    const previous = old.get(peer.peerId);
    return previous && same(previous, person) ? previous : person;
  });
  const unchanged =
    people.length === before.length && people.every((person, at) => person === before[at]);
  return unchanged ? before : people;
}

function same(one: Person, other: Person): boolean {
  return (Object.keys(other) as (keyof Person)[]).every((key) => one[key] === other[key]);
}
