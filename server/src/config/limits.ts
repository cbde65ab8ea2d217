/**
 * What peers may take of the server: one table, out of which the settings, `--help`, the metrics and the
 * page docs/limits.md are made or checked. A limit's name is its label in metrics and log.
 */
import type { z } from 'zod';

interface Limit {
  default: number;
  min: number;
  max: number;
  meaning: string;
}

const table = {
  rooms: { default: 1000, min: 1, max: 1_000_000, meaning: 'How many rooms may be open.' },
  peers_per_room: { default: 100, min: 1, max: 10_000, meaning: 'How many peers a room may have.' },
  transports_per_peer: {
    default: 2,
    min: 1,
    max: 2,
    meaning:
      'How many transports a peer may ask for: one to send, one to receive. 1 lets in those only who do one of the two.',
  },
  messages_per_second: {
    default: 50,
    min: 1,
    max: 10_000,
    meaning: 'Signalling messages from one peer, each second; six times as many at once.',
  },
  waiting_requests: {
    default: 200,
    min: 1,
    max: 10_000,
    meaning: 'Requests of a peer that wait for those before them.',
  },
  message_bytes: {
    default: 131_072,
    min: 16_384,
    max: 16_777_216,
    meaning:
      'Bytes of one signalling message. The largest real one, a join with all codecs, has about 10,000.',
  },
  unsent_bytes: {
    default: 4_194_304,
    min: 65_536,
    max: 1_073_741_824,
    meaning: 'Bytes waiting for a peer that does not read its signalling socket.',
  },
  handshakes_per_second: {
    default: 10,
    min: 1,
    max: 100_000,
    meaning:
      'WebSocket handshakes from one IPv4 address or IPv6 /64, each second; twenty times as many at once. Behind a proxy it takes TRUST_PROXY to tell addresses apart.',
  },
  worker_cpu: {
    default: 90,
    min: 1,
    max: 100,
    meaning:
      'Percent of a core that a worker may use, over five seconds, and still be given new rooms. At 100 none is refused for it.',
  },
  tcp_connections: {
    default: 4096,
    min: 1,
    max: 1_000_000,
    meaning: 'In shared-port: media connections by TCP, in all.',
  },
  tcp_connections_per_address: {
    default: 512,
    min: 1,
    max: 1_000_000,
    meaning: 'Of them, those of one IPv4 address or IPv6 /64.',
  },
  tcp_waiting: {
    default: 512,
    min: 1,
    max: 1_000_000,
    meaning: 'In shared-port: TCP connections whose first bytes have not come, in all.',
  },
  tcp_waiting_per_address: {
    default: 64,
    min: 1,
    max: 1_000_000,
    meaning: 'Of them, those of one IPv4 address or IPv6 /64.',
  },
} as const satisfies Record<string, Limit>;

type Settable = keyof typeof table;

/**
 * `lobby`: too many wait to be let in (rooms/lobby.ts). `media_ports`: a worker's range of ports is used up, or in
 * shared-port the kernel's tables are full.
 */
const otherNames = ['lobby', 'media_ports'] as const;

export type LimitName = Settable | (typeof otherNames)[number];

/** What is allowed, by the limit's name. */
export type Limits = Record<Settable, number>;

type LimitVariable = `MAX_${Uppercase<Settable>}`;

/** The environment variable that sets a limit. */
function limitVariable(limit: Settable): LimitVariable {
  return `MAX_${limit.toUpperCase() as Uppercase<Settable>}`;
}

const names = Object.keys(table) as Settable[];

export const limitNames: readonly LimitName[] = [...names, ...otherNames];

/**
 * The limits' part of the table of settings.
 *
 * @param integer - makes the schema of a whole number
 */
export function limitSettings<Schema extends z.ZodType>(
  integer: (min: number, max: number) => Schema,
): Record<LimitVariable, { default: string; meaning: string; schema: Schema }> {
  const rows = names.map((name) => {
    const { default: unset, min, max, meaning }: Limit = table[name];
    return [limitVariable(name), { default: String(unset), meaning, schema: integer(min, max) }];
  });
  return Object.fromEntries(rows);
}

/**
 * The limits as they are set.
 *
 * @param values - checked; what is unset has its default
 */
export function limitsOf(values: { [V in LimitVariable]?: number | undefined }): Limits {
  const set = names.map((name) => [name, values[limitVariable(name)] ?? table[name].default]);
  return Object.fromEntries(set) as Limits;
}
