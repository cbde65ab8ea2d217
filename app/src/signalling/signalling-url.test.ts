import { connectQuerySchema, protocolVersion } from '@oneport/protocol';
import { expect, test } from 'vitest';
import { signallingUrl } from './signalling-url.ts';

test('builds a URL that the server reads as the same query', () => {
  const query = {
    roomId: 'blue',
    peerId: 'me',
    produce: true,
    consume: false,
    forceTcp: true,
    resume: 'secret',
    keep: true,
  };
  const url = new URL(signallingUrl('https://call.example/?roomId=x', query));
  expect(url.origin).toBe('wss://call.example');
  expect(url.pathname).toBe('/signalling');
  expect(connectQuerySchema.parse(Object.fromEntries(url.searchParams))).toEqual({
    ...query,
    protocolVersion,
  });
});

test('keeps the path that the server is below', () => {
  const query = { roomId: 'r', peerId: 'p', produce: true, consume: true, forceTcp: false };
  const url = new URL(
    signallingUrl('https://call.example/calls/?roomId=x', {
      ...query,
      resume: undefined,
      keep: false,
    }),
  );
  expect(url.pathname).toBe('/calls/signalling');
});

test('uses ws: for an http: server, and leaves out unset parameters', () => {
  const url = signallingUrl('http://127.0.0.1:3000/', {
    roomId: 'r',
    peerId: 'p',
    produce: false,
    consume: true,
    forceTcp: false,
    resume: undefined,
    keep: false,
  });
  expect(url).toBe(
    `ws://127.0.0.1:3000/signalling?roomId=r&peerId=p&protocolVersion=${protocolVersion}&produce=0&consume=1`,
  );
});
