import { expect, test, vi } from 'vitest';
import type { RemoteMedia } from '../media/consumers.ts';
import { Notices } from './notices.ts';
import { Room } from './room-state.ts';
import type { Notice } from './snapshot.ts';

const device = { flag: 'chrome', name: 'Chrome' };
const ada = { peerId: 'a', displayName: 'Ada', device };
const bob = { peerId: 'b', displayName: 'Bob', device };

/** What I send and receive is no matter of this class. */
const nothing = { producers: [], consumers: [] };

function setUp() {
  let told: readonly Notice[] = [];
  const notices = new Notices((notices) => {
    told = notices;
  });
  const room = new Room({ notices, onChange: () => undefined });
  const names = () => room.view.people.map(({ displayName }) => displayName);
  const news = () => told.map(({ type }) => type);
  return { room, names, news };
}

test('who is there when I come in is no news, who comes and goes is', () => {
  const { room, names, news } = setUp();
  room.entered({ peers: [ada], chat: [], ...nothing });
  expect(news()).toEqual([]);
  room.peerCame(bob);
  room.peerWent('a');
  expect(names()).toEqual(['Bob']);
  expect(news()).toEqual(['joined', 'left']);
});

test('notifications may come before the reply to join, or twice', () => {
  const { room, names, news } = setUp();
  room.peerCame(bob);
  room.entered({ peers: [ada, bob], chat: [], ...nothing });
  room.peerCame(bob);
  room.peerWent('nobody');
  expect(names().sort()).toEqual(['Ada', 'Bob']);
  expect(news()).toEqual(['joined']);
});

test('coming back, I learn who has gone meanwhile', () => {
  const { room, names } = setUp();
  room.entered({ peers: [ada, bob], chat: [], ...nothing });
  room.entered({ peers: [bob], chat: [], ...nothing });
  room.peerRenamed('b', 'Robert');
  expect(names()).toEqual(['Robert']);
});

test('what I wrote under an earlier peer id stays mine', () => {
  const { room } = setUp();
  const before = room.newIdentity();
  const now = room.newIdentity();
  const message = (messageId: string, peerId: string) => ({
    type: 'chat' as const,
    messageId,
    peerId,
    displayName: 'Me',
    time: 1,
    text: 'hello',
  });
  room.chatted([message('1', before), message('2', now), message('3', 'b')]);
  expect(room.view.chat.map(({ mine }) => mine)).toEqual([true, true, false]);
});

test('with other transports, what was seen is shown on until it comes by them, but not for long', () => {
  vi.useFakeTimers();
  const { room } = setUp();
  const media = (consumerId: string, source: 'camera' | 'microphone') =>
    ({ consumerId, peerId: 'a', source, state: 'live' }) as RemoteMedia;
  const shown = () => {
    const [person] = room.view.people;
    return [person?.camera?.consumerId, person?.microphone?.consumerId];
  };
  room.entered({ peers: [ada], chat: [], ...nothing });
  room.transportsChanged([]);
  room.mediaChanged([media('old camera', 'camera'), media('old microphone', 'microphone')]);
  room.transportsChanged([]);
  expect(shown()).toEqual(['old camera', 'old microphone']);
  room.mediaChanged([media('new camera', 'camera')]);
  expect(shown()).toEqual(['new camera', 'old microphone']);
  vi.advanceTimersByTime(3_000);
  expect(shown()).toEqual(['new camera', undefined]);
  vi.useRealTimers();
});
