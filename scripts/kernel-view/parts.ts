import { readFileSync } from 'node:fs';

/** The processes of a server, by the names that the pages give them. */
export class Parts {
  readonly server: number;
  /** By their index: they are started in that order. */
  readonly workers: readonly number[];

  /** @param server - its process id */
  constructor(server: number) {
    this.server = server;
    this.workers = readFileSync(`/proc/${server}/task/${server}/children`, 'latin1')
      .trim()
      .split(' ')
      .map(Number)
      .filter((pid) => readFileSync(`/proc/${pid}/comm`, 'latin1').startsWith('mediasoup'));
  }

  /** @throws Error when it is none of them */
  nameOf(pid: number): string {
    if (pid === this.server) {
      return 'server';
    }
    const index = this.workers.indexOf(pid);
    if (index === -1) {
      throw new Error(`process ${pid} is none of the server's`);
    }
    return `worker ${index}`;
  }
}
