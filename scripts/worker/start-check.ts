// Starts the worker that the first argument names, as mediasoup does, and asks it for something. A process of
// its own, because a worker that dies may take the one that started it along.
import { createWorker } from 'mediasoup';

const worker = await createWorker({ workerBin: process.argv[2], logLevel: 'warn' });

await worker.createRouter({ mediaCodecs: [] });

const { routerIds } = await worker.dump();

worker.close();
process.exitCode = routerIds.length === 1 ? 0 : 1;
