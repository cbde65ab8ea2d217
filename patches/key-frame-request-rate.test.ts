import { beforeEach, expect, test } from 'vitest';
import { DirectVideo } from '../testkit/clients/direct-video.ts';
import { skipWithPrebuiltWorker, startTestWorker } from '../testkit/servers/test-worker.ts';

beforeEach(skipWithPrebuiltWorker);

test('one receiver can request five key frames at once, and another can then still request its own', async () => {
  const video = await DirectVideo.publish(await startTestWorker());
  const [greedy, other] = [await video.consume(), await video.consume()];
  let requested = 0;
  video.onPli(() => {
    requested += 1;
  });
  const keyFrame = () => video.send({ keyFrame: true, temporalLayer: 0 });
  keyFrame();
  await video.producer.dump();
  const before = requested;
  for (let n = 0; n < 200; n++) {
    video.requestKeyFrame(greedy);
    keyFrame();
  }
  await video.producer.dump();
  await expect.poll(() => requested - before).toBeGreaterThanOrEqual(5);
  // One more for each second that this took.
  expect(requested - before).toBeLessThan(20);

  const afterGreedy = requested;
  video.requestKeyFrame(other);
  await expect.poll(() => requested).toBeGreaterThan(afterGreedy);
});
