import type { Socket } from 'node:net';
export class TcpFront {
  constructor(_o: {
    port: number;
    iceIps: string[];
    httpIps: string[];
    targetOf(u: string, ip: string): { host: string; port: number } | undefined;
  }) {}
  async listen() {}
  async close() {}
  acceptHttp(_a: (s: Socket) => void) {}
  remoteOf(_w: number, _p: number): { address: string; port: number } | undefined {
    return undefined;
  }
}
