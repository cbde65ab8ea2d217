import { expect, onTestFinished, test } from 'vitest';
import { startServerProcess } from '../../testkit/servers/server-process.ts';
import { runLoad } from './load-run.ts';
import { videoCodecs } from './recording.ts';

test('Chromium decodes what the load generator sends, from one loop of each recording to the next', async () => {
  const server = await startServerProcess({});
  onTestFinished(() => server.stop());
  for (const codec of videoCodecs) {
    const enough = new AbortController();
    const { witness, ...report } = await runLoad({
      ...{ url: server.url, codec, rooms: 1, peers: 1, publishers: 1 },
      ...{ seconds: 60, joinsPerSecond: 20, witness: true, signal: enough.signal },
      // A recording has 58 frames.
      onLive: ({ witness }) => Number(witness?.framesDecoded) > 80 && enough.abort(),
    });
    expect(report).toMatchObject({ joined: 1, failed: {}, lost: {} });
    expect(witness).toMatchObject({ videos: 1, firstFrames: [expect.any(Number)] });
    expect(witness?.framesDecoded).toBeGreaterThan(80);
  }
});
