import { readFile } from 'node:fs/promises';

/**
 * Warns when the kernel may assign one of these ports to an outgoing connection, so that a start or
 * respawn would find it in use (ip_local_port_range and ip_local_reserved_ports in ip(7)).
 *
 * @param last - included
 * @returns a warning with the command to run; undefined when none is needed, or not on Linux
 */
export async function ephemeralPortWarning(
  first: number,
  last: number,
): Promise<string | undefined> {
  const range = await readSysctl('ip_local_port_range');
  const [low, high] = (range ?? '').split(/\s+/).map(Number);
  if (!low || !high || last < low || first > high) {
    return undefined;
  }
  const reserved = parsePortList((await readSysctl('ip_local_reserved_ports')) ?? '');
  const open = Array.from({ length: last - first + 1 }, (_, i) => first + i).filter(
    (port) => port >= low && port <= high && !reserved.some(([a, b]) => port >= a && port <= b),
  );
  if (open.length === 0) {
    return undefined;
  }
  const ports = first === last ? `${first}` : `${first}-${last}`;
  return (
    `The kernel assigns ports ${low} to ${high} to outgoing connections, so another program may have ${ports} at a restart. ` +
    `To reserve them: sysctl -w net.ipv4.ip_local_reserved_ports=${ports}`
  );
}

/**
 * Parses a list such as `8080,9148-9150`.
 *
 * @param list - as in /proc/sys/net/ipv4/ip_local_reserved_ports
 * @returns ranges, both ends included
 */
export function parsePortList(list: string): [number, number][] {
  return list
    .split(',')
    .filter((part) => /^\d+(-\d+)?$/.test(part.trim()))
    .map((part) => {
      const [low = 0, high = low] = part.trim().split('-').map(Number);
      return [low, high];
    });
}

async function readSysctl(name: string): Promise<string | undefined> {
  try {
    return (await readFile(`/proc/sys/net/ipv4/${name}`, 'utf8')).trim();
  } catch {
    return undefined; // Not Linux, or /proc is hidden.
  }
}
