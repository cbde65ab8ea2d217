/**
 * Numbers that the C headers define, on x64 and arm64, where Node 24 runs. Sources: Linux include/uapi
 * (asm-generic/socket.h, linux/in.h, linux/in6.h), FreeBSD and XNU sys/socket.h, netinet/in.h, netinet6/in6.h.
 */
const linux = {
  AF_INET: 2,
  AF_INET6: 10,
  SOCK_STREAM: 1,
  SOCK_DGRAM: 2,
  SOL_SOCKET: 1,
  SO_REUSEADDR: 2,
  SO_REUSEPORT: 15,
  /** Only FreeBSD has it. */
  SO_REUSEPORT_LB: undefined as number | undefined,
  O_NONBLOCK: 0x800,
  MSG_DONTWAIT: 0x40,
  IPPROTO_IP: 0,
  IPPROTO_IPV6: 41,
  IPV6_V6ONLY: 26,
  IP_MULTICAST_IF: 32,
  IP_MULTICAST_TTL: 33,
  IP_MULTICAST_LOOP: 34,
  IP_ADD_MEMBERSHIP: 35,
  /** On BSD systems a socket address begins with its length. */
  addressHasLength: false,
};

const bsd: typeof linux = {
  ...linux,
  SOL_SOCKET: 0xffff,
  SO_REUSEADDR: 4,
  SO_REUSEPORT: 0x200,
  O_NONBLOCK: 4,
  MSG_DONTWAIT: 0x80,
  IPV6_V6ONLY: 27,
  IP_MULTICAST_IF: 9,
  IP_MULTICAST_TTL: 10,
  IP_MULTICAST_LOOP: 11,
  IP_ADD_MEMBERSHIP: 12,
  addressHasLength: true,
};

/** The systems that the lab runs on. */
export const bySystem: Partial<Record<NodeJS.Platform, typeof linux>> = {
  linux,
  darwin: { ...bsd, AF_INET6: 30 },
  freebsd: { ...bsd, AF_INET6: 28, SO_REUSEPORT_LB: 0x10000 },
};

/** Of this system. On a system without any, main.ts exits before they are used. */
export const constants = bySystem[process.platform] ?? linux;
