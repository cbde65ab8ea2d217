import { expect, test } from 'vitest';
import { useBrowserAndServer } from '../testkit/browser/browser-and-server.ts';
import { PeerPage } from '../testkit/browser/peer-page.ts';

const here = useBrowserAndServer();

test('opening the plain address twice leads to the same room', async () => {
  const options = { browser: here.browser, url: here.server.url };
  const [alice, bob] = await PeerPage.joinBoth(options);
  await bob.tile('Alice').locator('video').waitFor();
  await alice.tile('Bob').locator('video').waitFor();
  expect(new URL(bob.page.url()).searchParams.get('roomId')).toBe('main');

  await bob.button('Leave').click();
  const another = bob.page.getByRole('link', { name: 'Start a new room' });
  expect(await another.getAttribute('href')).not.toContain('roomId=main');
  await Promise.all([alice.close(), bob.close()]);
});

test('a page whose scripts failed to load says what to do', async () => {
  const page = await here.browser.newPage();
  await page.route('**/assets/*.js', (route) => route.abort('failed'));
  await page.goto(here.server.url);
  const advice = page.getByText('reload the page');
  await advice.waitFor();
  await page.unroute('**/assets/*.js');
  await page.reload();
  await page.getByLabel('Your name').waitFor();
  expect(await advice.count()).toBe(0);
  await page.close();
});
