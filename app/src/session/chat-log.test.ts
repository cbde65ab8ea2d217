import { expect, test } from 'vitest';
import { mergeChat } from './chat-log.ts';

const message = (messageId: string, time: number, peerId = 'a') => ({
  type: 'chat' as const,
  messageId,
  peerId,
  displayName: 'Ada',
  time,
  text: messageId,
});
const mine = (peerId: string) => peerId === 'me';

test('history that comes after a live message goes before it, and nothing comes twice', () => {
  const live = mergeChat([], [message('three', 3)], mine);
  const all = mergeChat(
    live,
    [message('one', 1), message('two', 2, 'me'), message('three', 3)],
    mine,
  );
  expect(all.map(({ messageId, mine }) => [messageId, mine])).toEqual([
    ['one', false],
    ['two', true],
    ['three', false],
  ]);
});

test('nothing new is no change', () => {
  const entries = mergeChat([], [message('one', 1)], mine);
  expect(mergeChat(entries, [], mine)).toBe(entries);
});

test('only the newest are kept', () => {
  const many = Array.from({ length: 1200 }, (_, n) => message(String(n), n));
  const kept = mergeChat([], many, mine);
  expect(kept).toHaveLength(1000);
  expect(kept.at(-1)?.messageId).toBe('1199');
});
