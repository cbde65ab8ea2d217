import type { Parts } from './parts.ts';
import { run } from './run.ts';

/** A socket that listens, as ss(8) shows it. */
interface Socket {
  state: string;
  queues: string[];
  ip: string;
  port: number;
  peer: string;
  /** The process's name as the kernel has it, and which of the server's it is. */
  program: string;
  part: string;
  fd: number;
  /** The kernel's number for it (SO_COOKIE, socket(7)). */
  cookie: bigint;
}

const heads = ['State', 'Recv-Q', 'Send-Q', 'Local Address:Port', 'Peer Address:Port', 'Process'];

/**
 * What listens, in a network in which there is nothing else.
 *
 * @param options - of ss: for UDP or TCP
 * @param parts - whose sockets they are
 * @throws Error when one is none of the server's
 */
export function readSockets(options: '-lunp' | '-lntp', parts: Parts): Socket[] {
  const lines = run('ss', `${options}eH`).trim().split('\n').filter(Boolean);
  return (
    lines
      // The peers' sockets are in this process.
      .filter((line) => !line.includes(`pid=${process.pid},`))
      .map((line) => readLine(line, parts))
  );
}

const form =
  /^(\S+)\s+(\d+)\s+(\d+)\s+(\S+):(\d+)\s+(\S+)\s+users:\(\("([^"]+)",pid=(\d+),fd=(\d+)\)\).* sk:([0-9a-f]+)/;

function readLine(line: string, parts: Parts): Socket {
  const found = form.exec(line);
  if (!found) {
    throw new Error(`ss shows what is unknown: ${line}`);
  }
  const [, state = '', received = '', sent = '', ip = '', port, peer = '', program = ''] = found;
  const [pid, fd, cookie] = found.slice(8);
  return {
    state,
    queues: [received, sent],
    ip,
    port: Number(port),
    peer,
    program,
    part: parts.nameOf(Number(pid)),
    fd: Number(fd),
    cookie: BigInt(`0x${cookie}`),
  };
}

/**
 * As ss prints it, but with the part instead of its pid.
 *
 * @param sockets - what is shown
 * @param random - from where to where ports are chosen by chance: these are numbered anew, in the order
 *   in which they were opened
 */
export function showSockets(sockets: Socket[], random: { from: number; to: number }): string {
  const isRandom = ({ port }: Socket) => port >= random.from && port <= random.to;
  const byPart = (a: Socket, b: Socket) => a.part.localeCompare(b.part) || a.fd - b.fd;
  const fixed = sockets.filter((one) => !isRandom(one));
  const shown = [
    ...fixed.sort((a, b) => a.port - b.port || byPart(a, b)),
    ...sockets
      .filter(isRandom)
      .sort(byPart)
      .map((socket, i) => ({ ...socket, port: random.from + i })),
  ];
  return table([
    heads,
    ...shown.map(({ state, queues, ip, port, peer, program, part, fd }) => [
      state,
      ...queues,
      `${ip}:${port}`,
      peer,
      `users:(("${program}",pid=<${part}>,fd=${fd}))`,
    ]),
  ]);
}

/** Columns, each as wide as it must be. */
function table(rows: string[][]): string {
  const widths = heads.map((_, i) => Math.max(...rows.map((row) => row[i]?.length ?? 0)));
  const padded = rows.map((row) => row.map((cell, i) => cell.padEnd(widths[i] ?? 0)));
  return padded.map((row) => row.join('  ').trimEnd()).join('\n');
}
