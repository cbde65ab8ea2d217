import { expect, test } from 'vitest';
import type { RemoteMedia } from '../media/consumers.ts';
import { assembleRemotePeers } from './remote-peers.ts';

const device = { flag: 'chrome', name: 'Chrome' };
const ada = { peerId: 'a', displayName: 'Ada', device };
const bob = { peerId: 'b', displayName: 'Bob', device };
const camera: RemoteMedia = {
  consumerId: 'c',
  peerId: 'b',
  source: 'camera',
  track: {} as MediaStreamTrack,
  state: 'live',
};

const nothing = new Map();

test('gives each peer its own media, in order', () => {
  const peers = assembleRemotePeers([ada, bob], [camera], nothing, []);
  expect(peers.map(({ displayName }) => displayName)).toEqual(['Ada', 'Bob']);
  expect(peers[0]?.camera).toBeUndefined();
  expect(peers[1]?.camera).toBe(camera);
});

test('ignores media of an unknown peer', () => {
  expect(assembleRemotePeers([ada], [camera], nothing, [])).toHaveLength(1);
});

test('keeps the same objects where nothing has changed', () => {
  const before = assembleRemotePeers([ada, bob], [camera], nothing, []);
  expect(assembleRemotePeers([ada, bob], [camera], nothing, before)).toBe(before);
  const after = assembleRemotePeers([ada, bob], [{ ...camera, state: 'paused' }], nothing, before);
  expect(after).not.toBe(before);
  expect(after[0]).toBe(before[0]);
  expect(after[1]?.camera?.state).toBe('paused');
});

test('says of the peer that sends it what this browser can’t receive', () => {
  const list = [{ peerId: 'b', source: 'camera', codec: 'VP8' } as const];
  const before = assembleRemotePeers([ada, bob], [], nothing, []);
  const peers = assembleRemotePeers([ada, bob], [], new Map([['b', list]]), before);
  expect(peers.map(({ unsupported }) => unsupported)).toEqual([[], list]);
});
