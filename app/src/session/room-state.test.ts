import { expect, test, vi } from 'vitest';
import type { RemoteMedia } from '../media/consumers.ts';
import { type Notice, Notices } from './notices.ts';
import { RoomState } from './room-state.ts';

const device = { flag: 'chrome', name: 'Chrome' };
const ada = { peerId: 'a', displayName: 'Ada', device };
const bob = { peerId: 'b', displayName: 'Bob', device };

/** RoomState doesn't use this part of the reply. */
const noMedia = { producers: [], consumers: [] };

function setUp() {
  let current: readonly Notice[] = [];
  const notices = new Notices((notices) => {
    current = notices;
  });
  const room = new RoomState({ notices, onChange: () => undefined });
  const names = () => room.view.peers.map(({ displayName }) => displayName);
  const noticeTypes = () => current.map(({ type }) => type);
  return { room, names, noticeTypes };
}

test('adds notices for peers that join or leave, but not for those present at the join', () => {
  const { room, names, noticeTypes } = setUp();
  room.joined({ peers: [ada], chat: [], ...noMedia });
  expect(noticeTypes()).toEqual([]);
  room.newPeer(bob);
  room.peerClosed('a');
  expect(names()).toEqual(['Bob']);
  expect(noticeTypes()).toEqual(['joined', 'left']);
});

test('accepts notifications before the reply to join, and repeated ones', () => {
  const { room, names, noticeTypes } = setUp();
  room.newPeer(bob);
  room.joined({ peers: [ada, bob], chat: [], ...noMedia });
  room.newPeer(bob);
  room.peerClosed('unknown');
  expect(names().sort()).toEqual(['Ada', 'Bob']);
  expect(noticeTypes()).toEqual(['joined']);
});

test('removes the peers that left while signalling was interrupted', () => {
  const { room, names } = setUp();
  room.joined({ peers: [ada, bob], chat: [], ...noMedia });
  room.joined({ peers: [bob], chat: [], ...noMedia });
  room.peerDisplayNameChanged('b', 'Robert');
  expect(names()).toEqual(['Robert']);
});

test('recognises own messages from earlier peer ids', () => {
  const { room } = setUp();
  const before = room.addOwnPeerId();
  const now = room.addOwnPeerId();
  const message = (messageId: string, peerId: string) => ({
    type: 'chat' as const,
    messageId,
    peerId,
    displayName: 'Me',
    time: 1,
    text: 'hello',
  });
  room.addChat([message('1', before), message('2', now), message('3', 'b')]);
  expect(room.view.chat.map(({ mine }) => mine)).toEqual([true, true, false]);
});

test('shows the media of the previous media session until the new one has it, but not for long', () => {
  vi.useFakeTimers();
  const { room } = setUp();
  const media = (consumerId: string, source: 'camera' | 'microphone') =>
    ({ consumerId, peerId: 'a', source, state: 'live' }) as RemoteMedia;
  const shown = () => {
    const [peer] = room.view.peers;
    return [peer?.camera?.consumerId, peer?.microphone?.consumerId];
  };
  room.joined({ peers: [ada], chat: [], ...noMedia });
  room.mediaSessionReplaced([]);
  room.mediaChanged([media('old camera', 'camera'), media('old microphone', 'microphone')]);
  room.mediaSessionReplaced([]);
  expect(shown()).toEqual(['old camera', 'old microphone']);
  room.mediaChanged([media('new camera', 'camera')]);
  expect(shown()).toEqual(['new camera', 'old microphone']);
  vi.advanceTimersByTime(3_000);
  expect(shown()).toEqual(['new camera', undefined]);
  vi.useRealTimers();
});

test('lists what can’t be received of a peer, until it is closed or there is a new media session', () => {
  const { room, noticeTypes } = setUp();
  const unsupported = () => room.view.peers[0]?.unsupported.map(({ codec }) => codec);
  const list = { producers: [{ peerId: 'a', source: 'camera' as const, codec: 'VP8' }] };
  room.joined({ peers: [ada], chat: [], ...noMedia });
  room.unsupportedProducers(list);
  expect(unsupported()).toEqual(['VP8']);
  room.unsupportedProducers({ producers: [] });
  expect(unsupported()).toEqual([]);
  room.unsupportedProducers(list);
  room.mediaSessionReplaced([]);
  expect(unsupported()).toEqual([]);
  room.producerUnsupportedBy({ peerId: 'a', source: 'camera', codec: 'VP8' });
  room.producerUnsupportedBy({ peerId: 'a', source: 'camera', codec: 'VP8' });
  room.producerUnsupportedBy({ peerId: 'unknown', source: 'camera', codec: 'VP8' });
  expect(noticeTypes()).toEqual(['not-received']);
});
