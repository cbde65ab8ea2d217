// First, and as a bare import, which Biome does not sort: zod's configuration applies to schemas created after it.
import './zod-setup.ts';

export * from './access.ts';
export * from './connection.ts';
export * from './ids.ts';
export * from './peer.ts';
export * from './port-map.ts';
export * from './requests.ts';
export * from './rtp.ts';
export * from './server-messages.ts';
export * from './text.ts';
export * from './transport.ts';
export * from './zod-setup.ts';
