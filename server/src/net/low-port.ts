import { readFileSync } from 'node:fs';

/**
 * Whether binding a port needs CAP_NET_BIND_SERVICE on this host (ip_unprivileged_port_start in ip(7)).
 *
 * @param port - 1 to 65535
 */
export function isLowPort(port: number): boolean {
  try {
    const first = readFileSync('/proc/sys/net/ipv4/ip_unprivileged_port_start', 'utf8');
    return port < Number(first);
  } catch {
    return port < 1024;
  }
}

/**
 * @param port - below 1024
 * @returns sentences for an error message: how a process that isn't root gets the port (capabilities(7))
 */
export function howToGetLowPort(port: number): string {
  return (
    'Ports below 1024 need CAP_NET_BIND_SERVICE, in the server and, for media, in its workers. ' +
    'AmbientCapabilities=CAP_NET_BIND_SERVICE in a systemd unit gives it to both, and so does setpriv with ' +
    '--inh-caps +net_bind_service --ambient-caps +net_bind_service; RUN_AS_USER drops it. ' +
    `To allow it for every process on this host: \`sysctl net.ipv4.ip_unprivileged_port_start=${port}\`. ` +
    'Or choose a port above 1023.'
  );
}
