// Starts the worker that the first argument names, as mediasoup does, and asks it for something. The second argument
// may name another mediasoup's index.js. A process of its own, because a worker that dies may take the one that
// started it along.
import { pathToFileURL } from 'node:url';

const [, , workerBin, index] = process.argv;
const mediasoup: typeof import('mediasoup') = await import(
  index ? pathToFileURL(index).href : 'mediasoup'
);
const worker = await mediasoup.createWorker({ workerBin, logLevel: 'warn' });

await worker.createRouter({ mediaCodecs: [] });

const { routerIds } = await worker.dump();

worker.close();
process.exitCode = routerIds.length === 1 ? 0 : 1;
