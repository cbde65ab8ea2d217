import { execFileSync } from 'node:child_process';

export interface KernelSocket {
  /** Such as `udp 127.0.0.1:44444`. */
  local: string;
  /** Only of connections. */
  remote: string;
  /** Of the process that has it. */
  pid: number;
}

/**
 * What the kernel says of this machine's sockets, by `ss`(8).
 *
 * @param which - listening: where something is received; connected: TCP connections
 */
export function kernelSockets(which: 'listening' | 'connected'): KernelSocket[] {
  // A UDP socket that listens is "unconnected" for ss.
  const states =
    which === 'listening' ? ['state', 'listening', 'state', 'unconnected'] : ['state', 'connected'];
  const output = execFileSync('ss', ['-H', '-tunp', ...states], { encoding: 'utf8' });
  return output.split('\n').flatMap((line) => {
    const fields = line.trim().split(/\s+/);
    const pids = [...line.matchAll(/pid=(\d+)/g)].map(([, pid]) => Number(pid));
    // Netid, state (not when only one is asked for), two queues, local, remote, processes.
    const at = fields.findIndex((field, i) => i > 1 && /:(\d+|\*)$/.test(field));
    const [protocol = '', local, remote] = [fields[0], fields[at], fields[at + 1]];
    return pids.map((pid) => ({
      local: `${protocol} ${local}`,
      remote: `${protocol} ${remote}`,
      pid,
    }));
  });
}
