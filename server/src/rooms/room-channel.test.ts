/** The room's data channel, consumed over a DirectTransport, which delivers to this process. */
import type { types } from 'mediasoup';
import { expect, onTestFinished, test, vi } from 'vitest';
import { startTestServer } from '../../../testkit/servers/test-server.ts';
import { ChatHistory, RoomChannel } from './room-channel.ts';

const message = (text: string) => ({
  type: 'chat' as const,
  messageId: text,
  peerId: 'ada',
  displayName: 'Ada',
  time: 0,
  text,
});

test('sends nothing before it is opened: neither messages nor, once SCTP is connected, the history', async () => {
  const server = await startTestServer({ MEDIASOUP_NUM_WORKERS: '1' });
  onTestFinished(() => server.stop());
  const router = await server.pool.workers[0]?.createRouter();
  const transport = await router?.createDirectTransport();
  if (!router || !transport) {
    throw new Error('no worker');
  }
  const chat = new ChatHistory();
  const channel = await RoomChannel.create(router, chat);
  const say = (text: string) => {
    chat.add(message(text));
    channel.sendChat(message(text));
  };
  const consumer = await channel.consume(transport as unknown as types.WebRtcTransport);
  const received: string[] = [];
  consumer.on('message', (data) => received.push(JSON.parse(String(data)).text));
  const send = vi.spyOn(consumer, 'send');
  const sctpConnected = () =>
    (transport as unknown as types.WebRtcTransport).emit('sctpstatechange', 'connected');

  say('before');
  sctpConnected();
  channel.open(consumer);
  say('after');
  await expect.poll(() => received).toEqual(['after']);
  expect(send).not.toHaveBeenCalled();
  sctpConnected();
  const history = send.mock.calls.map(([data]) => JSON.parse(String(data)).text);
  expect(history).toEqual(['before', 'after']);
});
