import { readdirSync, readFileSync } from 'node:fs';
import { counterNames } from '../../server/src/ports/shared-port/steering/counters.ts';
import {
  readOwner,
  readRemote,
  readTransport,
} from '../../server/src/ports/shared-port/steering/keys.ts';
import type { Call } from './call.ts';
import { run } from './run.ts';
import { readSockets } from './sockets.ts';

/** What `bpftool --json map dump` gives: bytes as texts such as `0x1f`. */
interface Entry {
  key: string[];
  value?: string[];
  values?: { cpu: number; value: string[] }[];
}

/** The server's program and maps, by the kernel's ids. */
export interface Loaded {
  program: number;
  /** By their names, which the kernel cuts after 15 characters. */
  maps: Map<string, number>;
}

/**
 * Finds what the server holds, by its file descriptors (/proc/PID/fdinfo, proc_pid_fdinfo(5)).
 *
 * @param pid - the server's
 * @throws Error when it holds no program
 */
export function findLoaded(pid: number): Loaded {
  const infos = readdirSync(`/proc/${pid}/fdinfo`).map((fd) =>
    readFileSync(`/proc/${pid}/fdinfo/${fd}`, 'latin1'),
  );
  const ids = (field: string) =>
    infos.flatMap((info) => {
      const id = new RegExp(`^${field}:\\s*(\\d+)`, 'm').exec(info)?.[1];
      return id ? [Number(id)] : [];
    });
  const [program] = ids('prog_id');
  if (program === undefined) {
    throw new Error(`process ${pid} holds no eBPF program`);
  }
  const named = ids('map_id').map((id): [string, number] => {
    const { name } = JSON.parse(run('bpftool', '--json', 'map', 'show', 'id', String(id)));
    return [name, id];
  });
  return { program, maps: new Map(named.sort(([, a], [, b]) => a - b)) };
}

/** `bpftool prog show` and `bpftool map show` of the server's, with small ids instead of the kernel's. */
export function showLoaded(
  { program, maps }: Loaded,
  part: string,
): { program: string; maps: string } {
  const ids = [...maps.values()];
  const small = (id: string) => String(ids.indexOf(Number(id)) + 1);
  const ours = (text: string) =>
    text
      .trim()
      .replace(/loaded_at \S+/, 'loaded_at <then>')
      .replace(/(?<=map_ids )[\d,]+/, (list) => list.split(',').map(small).sort().join(','))
      .replace(/(?<=pids \S+\()\d+(?=\))/, `<${part}>`)
      .replaceAll('\t', '    ');
  return {
    program: ours(run('bpftool', 'prog', 'show', 'id', String(program))).replace(/^\d+/, '1'),
    maps: ids
      .map((id) => ours(run('bpftool', 'map', 'show', 'id', String(id))).replace(/^\d+/, small))
      .join('\n'),
  };
}

/** What the tables hold, read by `bpftool map dump`, in words. */
export function showTables({ maps }: Loaded, { legs, parts }: Call): string {
  const dump = (name: string): Entry[] =>
    JSON.parse(run('bpftool', '--json', 'map', 'dump', 'id', String(maps.get(name))));
  const sockets = readSockets('-lunp', parts);
  const lines = (entries: Entry[], line: (key: Buffer, value: Buffer) => string) =>
    entries
      .map(({ key, value }) => line(bytes(key), bytes(value ?? [])))
      .sort((a, b) => a.localeCompare(b, 'en', { numeric: true }))
      .map((text) => `  ${text}`);

  return [
    'ufrags: ufrag -> transport',
    ...dump('oneport_ufrags')
      .map(({ key, value }) => ({ ufrag: bytes(key).toString('latin1'), id: number(value) }))
      .sort((a, b) => a.id - b.id)
      .map(({ ufrag, id }) => {
        const leg = legs.find((one) => one.ufrag.endsWith(ufrag));
        return `  <32 characters: ${leg?.name ?? 'nobody'}> -> ${id}`;
      }),
    'transports: transport -> slot, claims made since an address was proven',
    ...dump('oneport_transpo')
      .flatMap(({ value }) => readTransport(bytes(value ?? [])) ?? [])
      .map(({ id, slot, claims }) => `  ${id} -> slot ${slot}, ${claims}`),
    'tuples: remote address -> transport, whose it was before',
    ...lines(dump('oneport_tuples'), (key, value) => {
      const [{ address, port }, { transport, previous }] = [readRemote(key), readOwner(value)];
      return `${address}:${port} -> ${transport}, ${previous || 'nobody'}`;
    }),
    'proofs: remote address, whose it was proven to be',
    ...lines(dump('oneport_proofs'), (key) => {
      const { address, port } = readRemote(key);
      return `${address}:${port}, ${key.readUInt32LE(20)}`;
    }),
    'sockets: slot -> socket (the cookies are those that `ss -lunpe` shows)',
    ...lines(
      dump('oneport_sockets').filter(({ value }) => value?.length === 8),
      (key, value) => {
        const cookie = value.readBigUInt64LE();
        const socket = sockets.find((one) => one.cookie === cookie);
        return `${key.readUInt32LE()} -> ${socket ? `${socket.part}, fd ${socket.fd}` : 'nobody'}`;
      },
    ),
    'counters, of all CPUs together',
    ...dump('oneport_counter').map(({ key, values }) => {
      const counts = values?.map(({ value }) => Number(bytes(value).readBigUInt64LE())) ?? [];
      const sum = counts.reduce((total, one) => total + one, 0);
      return `  ${counterNames[bytes(key).readUInt32LE()]?.padEnd(18)} ${sum}`;
    }),
  ].join('\n');
}

function bytes(texts: string[]): Buffer {
  return Buffer.from(texts.map(Number));
}

function number(value: string[] | undefined): number {
  return bytes(value ?? []).readUInt32LE();
}
