import { readFileSync } from 'node:fs';

/**
 * Whether a port takes CAP_NET_BIND_SERVICE here (ip_unprivileged_port_start in ip(7)'s sysctls).
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
 * How a process that isn't root gets a port below 1024 (ip_unprivileged_port_start in ip(7)'s sysctls,
 * capabilities(7)).
 *
 * @param port - below 1024
 * @returns sentences for a message
 */
export function howToHaveLowPort(port: number): string {
  return (
    'Ports below 1024 take CAP_NET_BIND_SERVICE, in the server and, for media, in its workers: ' +
    'AmbientCapabilities=CAP_NET_BIND_SERVICE in a systemd unit hands it to both, and so does setpriv with ' +
    '--inh-caps +net_bind_service --ambient-caps +net_bind_service; RUN_AS_USER gives it up. ' +
    `Or, for everybody on this host, \`sysctl net.ipv4.ip_unprivileged_port_start=${port}\`. ` +
    'Or choose a port above 1023.'
  );
}
