import type { WaitingPeer } from '@oneport/protocol';
import { expect, onTestFinished, test, vi } from 'vitest';
import { createLog } from '../telemetry/log.ts';
import { Lobby } from './lobby.ts';
import { BoundedSet, type ModeratedRoom, Moderation } from './moderation.ts';

test('sends moderators the lobby at a bounded rate, and its last state', () => {
  vi.useFakeTimers();
  onTestFinished(() => void vi.useRealTimers());
  const lists: WaitingPeer[][] = [];
  const moderator = {
    access: { permissions: { moderate: true } },
    notify: (_: string, { waiting }: { waiting: WaitingPeer[] }) => lists.push(waiting),
  };
  const room = { id: 'room', visible: [moderator] } as unknown as ModeratedRoom;
  const lobby = new Lobby();
  const moderation = new Moderation(room, lobby, createLog('silent'));
  lobby.on('change', () => moderation.lobbyChanged());
  const { signal } = new AbortController();
  for (let n = 0; n < 40; n++) {
    const peer = { peerId: `peer-${n}`, displayName: 'Guest' };
    void lobby.wait('room', peer, { subject: `${n}`, address: `${n}` }, signal);
  }
  expect(lists).toHaveLength(8);
  vi.advanceTimersByTime(1000);
  expect(lists.length).toBeLessThan(12);
  expect(lists.at(-1)).toHaveLength(40);
});

test('a full BoundedSet forgets the member that was added longest ago', () => {
  const set = new BoundedSet(3);
  for (const member of ['a', 'b', 'c', 'a', 'd']) {
    set.add(member);
  }
  expect(['a', 'b', 'c', 'd'].filter((member) => set.has(member))).toEqual(['a', 'c', 'd']);
  set.delete('c');
  set.add('e');
  expect(['a', 'c', 'd', 'e'].filter((member) => set.has(member))).toEqual(['a', 'd', 'e']);
});
