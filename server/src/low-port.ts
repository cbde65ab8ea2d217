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
    'AmbientCapabilities=CAP_NET_BIND_SERVICE in a systemd unit hands it to both, RUN_AS_USER gives it up. ' +
    `Or, for everybody on this host, \`sysctl net.ipv4.ip_unprivileged_port_start=${port}\`. ` +
    'Or choose a port above 1023.'
  );
}
