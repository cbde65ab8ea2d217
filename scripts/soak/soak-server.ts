/** A server in a process of its own, so that what it holds is not mixed up with what its peers hold. */
import { setTimeout as sleep } from 'node:timers/promises';
import { startTestServer } from '../../testkit/servers/test-server.ts';
import { count, measure } from './measure.ts';
import type { Answer, Question } from './server-channel.ts';

const server = await startTestServer(JSON.parse(process.env.SOAK_ENVIRONMENT ?? '{}'));

const kept: unknown[] = [];
if (process.env.SOAK_PLANT === 'transports') {
  // A leak of the kind that is looked for: what has ended is still in a list, with what somebody knew of it.
  for (const { worker } of server.pool.workers) {
    worker.observer.on('newrouter', ({ observer }) =>
      observer.on('newtransport', (transport) => kept.push([transport, Array(20_000).fill(0.5)])),
    );
  }
}

process.on('message', async (question: Question) => {
  switch (question) {
    case 'count':
      tell({ counts: await count(server) });
      break;
    case 'measure': {
      const measurement = await measure(server);
      // It has stood still meanwhile: until its workers have been asked again, it takes them for hanging.
      while (server.pool.whyNoNewRoom) {
        await sleep(100);
      }
      tell({ measurement });
      break;
    }
    case 'stop':
      await server.stop();
      process.disconnect();
  }
});
process.once('disconnect', () => process.exit());
tell({ signalling: server.signalling, mediaPort: server.mediaPort });

function tell(answer: Answer): void {
  process.send?.(answer);
}
