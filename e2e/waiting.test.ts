import type { Page } from 'playwright-core';
import { expect, test } from 'vitest';
import { useBrowserAndServer } from '../testkit/browser/browser-and-server.ts';
import { PeerPage } from '../testkit/browser/peer-page.ts';

/** A protoo message on the socket. */
interface Message {
  sentBy: 'browser' | 'server';
  method?: string;
  request?: true;
  response?: true;
}

const here = useBrowserAndServer();

/** Records all messages, and withholds every reply from the browser. */
async function withholdReplies(page: Page, messages: Message[]): Promise<void> {
  await page.routeWebSocket(/\/signalling\?/, (socket) => {
    const upstream = socket.connectToServer();
    socket.onMessage((text) => {
      messages.push({ sentBy: 'browser', ...JSON.parse(String(text)) });
      upstream.send(text);
    });
    upstream.onMessage((text) => {
      const message = { sentBy: 'server', ...JSON.parse(String(text)) } as Message;
      messages.push(message);
      if (!message.response) {
        socket.send(text);
      }
    });
  });
}

test('the first frame waits for welcome, ICE and DTLS, but for no reply', async () => {
  const options = { browser: here.browser, url: here.server.url, roomId: 'waiting' };
  const alice = await PeerPage.join({ ...options, name: 'Alice' });

  const messages: Message[] = [];
  const bob = await PeerPage.open({
    ...options,
    name: 'Bob',
    prepare: (page) => withholdReplies(page, messages),
  });
  expect(messages, 'the prejoin screen opens no socket').toEqual([]);
  await bob.page.getByLabel('Your name').fill('Bob');
  await bob.page.getByRole('button', { name: 'Join', exact: true }).click();

  const patience = { timeout: 20_000, interval: 100 };
  await expect.poll(() => bob.received('video', 'framesDecoded'), patience).toBeGreaterThan(0);
  await expect.poll(() => alice.received('video', 'framesDecoded'), patience).toBeGreaterThan(0);

  expect(messages[0]).toMatchObject({ sentBy: 'server', method: 'welcome' });
  const requests = messages.filter(({ sentBy, request }) => sentBy === 'browser' && request);
  const methods = requests.map(({ method }) => method);
  expect(methods.filter((method) => method === 'connectWebRtcTransport')).toHaveLength(2);
  expect(methods.filter((method) => method === 'produce')).toHaveLength(2);
  expect(methods.filter((method) => method === 'join')).toHaveLength(1);
  expect(methods.indexOf('join')).toBeLessThan(methods.indexOf('produce'));

  // To receive Alice, Bob needs one notification and one request of the server.
  const needed = messages.filter(
    ({ sentBy, method }) =>
      sentBy === 'server' && (method === 'welcome' || method === 'newConsumers'),
  );
  expect(needed).toHaveLength(2);
  await Promise.all([alice.close(), bob.close()]);
});
