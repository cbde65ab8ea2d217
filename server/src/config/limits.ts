import { limitSettings, type Values } from './settings.ts';

type LimitSetting = keyof typeof limitSettings;

type NameOf<S extends LimitSetting> = S extends `MAX_${infer Name}` ? Lowercase<Name> : never;

/** The limits' values by name, such as `peers_per_room` for MAX_PEERS_PER_ROOM. */
export type Limits = { [S in LimitSetting as NameOf<S>]: number };

/**
 * Limits without a setting. `queued_bytes`: queued requests (signalling/serial-queue.ts). `lobby`: waiting peers
 * (rooms/lobby.ts). `media_ports`: a worker has used up its port range, or in shared-port the eBPF maps are full.
 */
const fixed = ['queued_bytes', 'lobby', 'media_ports'] as const;

/** The label of a limit in metrics and in the log. */
export type LimitName = keyof Limits | (typeof fixed)[number];

const configurable = Object.keys(limitSettings) as LimitSetting[];

export const limitNames: readonly LimitName[] = [...configurable.map(nameOf), ...fixed];

export function limitsOf(values: Pick<Values, LimitSetting>): Limits {
  return Object.fromEntries(configurable.map((name) => [nameOf(name), values[name]])) as Limits;
}

function nameOf<S extends LimitSetting>(setting: S): NameOf<S> {
  return setting.slice('MAX_'.length).toLowerCase() as NameOf<S>;
}
