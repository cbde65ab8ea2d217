import { expect, test } from 'vitest';
import { invitationUrl, readPageUrl, urlWithRoom } from './page-url.ts';

test('sends and receives by default, and names no room', () => {
  expect(readPageUrl('')).toEqual({
    roomId: undefined,
    displayName: undefined,
    forceTcp: false,
    produce: true,
    consume: true,
  });
});

test('reads the parameters of mediasoup-demo', () => {
  expect(
    readPageUrl('?roomId=blue&displayName=Ada%20L&forceTcp=true&produce=false&consume=0'),
  ).toEqual({
    roomId: 'blue',
    displayName: 'Ada L',
    forceTcp: true,
    produce: false,
    consume: false,
  });
});

test('tells an invalid room id from a missing one', () => {
  expect(readPageUrl('?roomId=a/b').roomId).toBeNull();
  expect(readPageUrl(`?roomId=${'x'.repeat(65)}`).roomId).toBeNull();
  expect(readPageUrl('?roomId=').roomId).toBeUndefined();
});

test('builds an invitation with the room and no personal parameters', () => {
  const href = 'https://call.example/?roomId=blue&displayName=Ada&produce=false#x';
  expect(invitationUrl(href, 'blue')).toBe('https://call.example/?roomId=blue');
  expect(urlWithRoom('https://call.example/?forceTcp=1', 'red')).toBe(
    'https://call.example/?forceTcp=1&roomId=red',
  );
});
