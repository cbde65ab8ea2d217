import type { Parts } from './parts.ts';
import { run } from './run.ts';

/** A socket that ss(8) shows. */
interface Socket {
  /** State, queues, local and peer address, as ss has them. */
  columns: string[];
  /** The process's name as the kernel has it, and which it is of ours. */
  program: string;
  part: string;
  fd: number;
  /** The kernel's number for it (SO_COOKIE, socket(7)). */
  cookie: bigint;
}

/** The heads of ss -lunp and ss -lntp. */
const heads = ['State', 'Recv-Q', 'Send-Q', 'Local Address:Port', 'Peer Address:Port', 'Process'];

/**
 * What listens: `ss -lunp` or `ss -lntp` of a network in which there is nothing else.
 *
 * @param options - `-lunp` or `-lntp`
 * @throws Error when a socket is none of the server's
 */
export function readSockets(options: '-lunp' | '-lntp', parts: Parts): Socket[] {
  return run('ss', `${options}eH`)
    .trim()
    .split('\n')
    // The peers' sockets are in this process.
    .filter((line) => line && !line.includes(`pid=${process.pid},`))
    .map((line) => {
      const found = /^(.*?)\s+users:\(\("([^"]+)",pid=(\d+),fd=(\d+)\)\).* sk:([0-9a-f]+)/.exec(
        line,
      );
      if (!found) throw new Error(`ss shows what is unknown: ${line}`);
      const [, columns = '', program = '', pid, fd, cookie] = found;
      return {
        columns: columns.trim().split(/\s+/),
        program,
        part: parts.nameOf(Number(pid)),
        fd: Number(fd),
        cookie: BigInt(`0x${cookie}`),
      };
    })
    .sort((a, b) => portOf(a) - portOf(b) || a.part.localeCompare(b.part));
}

/**
 * As ss prints it, but with the part instead of its pid.
 *
 * @param random - from where to where ports are chosen by chance: they are shown by their order
 */
export function showSockets(sockets: Socket[], random: { from: number; to: number }): string {
  const ports = [...new Set(sockets.map(portOf))].filter(
    (port) => port >= random.from && port <= random.to,
  );
  const rows = sockets.map(({ columns, program, part, fd, ...socket }) => {
    const at = ports.indexOf(portOf({ columns, ...socket }));
    const local = columns[3] ?? '';
    const shown = at === -1 ? local : local.replace(/\d+$/, String(random.from + at));
    const process = `users:(("${program}",pid=<${part}>,fd=${fd}))`;
    return [...columns.slice(0, 3), shown, columns[4] ?? '', process];
  });
  return table([heads, ...rows]);
}

function portOf({ columns }: Pick<Socket, 'columns'>): number {
  return Number(/\d+$/.exec(columns[3] ?? '')?.[0]);
}

/** Columns, each as wide as it must be. */
export function table(rows: string[][]): string {
  const widths = rows[0]?.map((_, i) => Math.max(...rows.map((row) => row[i]?.length ?? 0))) ?? [];
  return rows
    .map((row) =>
      row
        .map((cell, i) => cell.padEnd(widths[i] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}
