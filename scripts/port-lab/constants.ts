/**
 * What the C headers of each system call by name, and what a program without a compiler needs as a number.
 * Sources: Linux include/uapi (asm-generic/socket.h, linux/in.h, linux/in6.h, linux/eventpoll.h), FreeBSD and XNU
 * sys/socket.h, netinet/in.h, netinet6/in6.h. Only x64 and arm64, where Node 24 runs.
 */
interface Constants {
  readonly AF_INET: number;
  readonly AF_INET6: number;
  readonly SOCK_STREAM: number;
  readonly SOCK_DGRAM: number;
  readonly SOL_SOCKET: number;
  readonly SO_REUSEADDR: number;
  readonly SO_REUSEPORT: number;
  /** FreeBSD alone has it. */
  readonly SO_REUSEPORT_LB?: number;
  readonly O_NONBLOCK: number;
  readonly MSG_DONTWAIT: number;
  readonly IPPROTO_IP: number;
  readonly IPPROTO_IPV6: number;
  readonly IPV6_V6ONLY: number;
  readonly IP_MULTICAST_IF: number;
  readonly IP_MULTICAST_TTL: number;
  readonly IP_MULTICAST_LOOP: number;
  readonly IP_ADD_MEMBERSHIP: number;
  /** BSD systems begin a socket address with its length. */
  readonly addressHasLength: boolean;
}

const everywhere = {
  AF_INET: 2,
  SOCK_STREAM: 1,
  SOCK_DGRAM: 2,
  IPPROTO_IP: 0,
  IPPROTO_IPV6: 41,
} as const;

const linux: Constants = {
  ...everywhere,
  AF_INET6: 10,
  SOL_SOCKET: 1,
  SO_REUSEADDR: 2,
  SO_REUSEPORT: 15,
  O_NONBLOCK: 0x800,
  MSG_DONTWAIT: 0x40,
  IPV6_V6ONLY: 26,
  IP_MULTICAST_IF: 32,
  IP_MULTICAST_TTL: 33,
  IP_MULTICAST_LOOP: 34,
  IP_ADD_MEMBERSHIP: 35,
  addressHasLength: false,
};

const bsd: Omit<Constants, 'AF_INET6'> = {
  ...everywhere,
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

const bySystem: Partial<Record<NodeJS.Platform, Constants>> = {
  linux,
  darwin: { ...bsd, AF_INET6: 30 },
  freebsd: { ...bsd, AF_INET6: 28, SO_REUSEPORT_LB: 0x10000 },
};

/**
 * @param platform - As process.platform says it.
 * @returns undefined where the lab doesn't run.
 */
export function constantsOf(platform: NodeJS.Platform): Constants | undefined {
  return bySystem[platform];
}

/** Those of this system. In a system without any, main.ts has said so before anything here is used. */
export const constants: Constants = constantsOf(process.platform) ?? linux;
