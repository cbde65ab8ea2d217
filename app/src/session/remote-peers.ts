/** The other peers of the room, each with the media received from it. */
import type { PeerId, PeerInfo, Source, UnsupportedProducer } from '@oneport/protocol';
import type { RemoteMedia } from '../media/consumers.ts';

export interface RemotePeer extends PeerInfo {
  readonly microphone: RemoteMedia | undefined;
  readonly camera: RemoteMedia | undefined;
  readonly screen: RemoteMedia | undefined;
  readonly screenAudio: RemoteMedia | undefined;
  /** Producers of this peer whose codecs this browser doesn't support, or which it failed to receive. */
  readonly unsupported: readonly UnsupportedProducer[];
}

const nothing: readonly UnsupportedProducer[] = [];

/**
 * @param peers - in the order in which they are shown
 * @param media - of all peers; the first entry for a peer and source counts
 * @param before - the previous result: what hasn't changed stays the same object
 */
export function assembleRemotePeers(
  peers: Iterable<PeerInfo>,
  media: readonly RemoteMedia[],
  unsupported: ReadonlyMap<PeerId, readonly UnsupportedProducer[]>,
  before: readonly RemotePeer[],
): readonly RemotePeer[] {
  const find = (peerId: PeerId, source: Source) =>
    media.find((one) => one.peerId === peerId && one.source === source);
  const previousById = new Map(before.map((peer) => [peer.peerId, peer]));
  const assembled = Array.from(peers, (info): RemotePeer => {
    const peer: RemotePeer = {
      ...info,
      microphone: find(info.peerId, 'microphone'),
      camera: find(info.peerId, 'camera'),
      screen: find(info.peerId, 'screen'),
      screenAudio: find(info.peerId, 'screen-audio'),
      unsupported: unsupported.get(info.peerId) ?? nothing,
    };
    const previous = previousById.get(info.peerId);
    return previous && isSame(previous, peer) ? previous : peer;
  });
  const unchanged =
    assembled.length === before.length && assembled.every((peer, at) => peer === before[at]);
  return unchanged ? before : assembled;
}

function isSame(one: RemotePeer, other: RemotePeer): boolean {
  return (Object.keys(other) as (keyof RemotePeer)[]).every((key) => one[key] === other[key]);
}
