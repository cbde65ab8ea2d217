// First, because it counts for schemas that are made after it.
import './zod-without-eval.ts';

export * from './access.ts';
export * from './connection.ts';
export * from './explain.ts';
export * from './ids.ts';
export * from './peer.ts';
export * from './port-map.ts';
export * from './requests.ts';
export * from './room-data.ts';
export * from './rtp.ts';
export * from './server-messages.ts';
export * from './text.ts';
export * from './transport.ts';
