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

test('sorts history before live messages, without duplicates', () => {
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

test('returns the same array when there is nothing to add', () => {
  const entries = mergeChat([], [message('one', 1)], mine);
  expect(mergeChat(entries, [], mine)).toBe(entries);
});

test('keeps the newest entries only', () => {
  const many = Array.from({ length: 1200 }, (_, n) => message(String(n), n));
  const kept = mergeChat([], many, mine);
  expect(kept).toHaveLength(1000);
  expect(kept.at(-1)?.messageId).toBe('1199');
});
