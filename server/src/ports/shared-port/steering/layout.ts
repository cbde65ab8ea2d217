/** The structs and counters of steer.bpf.c, as bytes. Each function names the struct that it mirrors. */
import { ipBytes, ipText } from '../../../net/ip.ts';

/** The slot in `sockets` behind those of the workers (PLACEHOLDER). */
export const placeholderSlot = 256;

/** The random part of mediasoup's ufrags: their last 32 characters. Others may name room and peer. */
const ufragBytes = 32;

/** From <linux/if_ether.h>. */
const ethertypes = { ipv4: 0x0800, ipv6: 0x86dd };

/** The address that a peer sends from. */
export interface Remote {
  address: string;
  port: number;
}

/** struct ufrag. @throws TypeError when the ufrag is shorter than mediasoup's always are */
export function ufragKey(ufrag: string): Buffer {
  const key = Buffer.from(ufrag.slice(-ufragBytes), 'latin1');
  if (key.length !== ufragBytes) {
    throw new TypeError(`not a ufrag of mediasoup: ${ufrag}`);
  }
  return key;
}

/** struct remote. @throws TypeError when it is no IP address */
export function remoteKey({ address, port }: Remote): Buffer {
  const ip = ipBytes(address);
  const key = Buffer.alloc(20);
  ip.copy(key, 0);
  key.writeUInt16BE(port, 16);
  key.writeUInt16BE(ip.length === 4 ? ethertypes.ipv4 : ethertypes.ipv6, 18);
  return key;
}

/** struct remote, also at the beginning of struct verified_tuple. */
export function readRemote(key: Buffer): Remote {
  const isV6 = key.readUInt16BE(18) === ethertypes.ipv6;
  return { address: ipText(key.subarray(0, isV6 ? 16 : 4)), port: key.readUInt16BE(16) };
}

/** struct verified_tuple. @throws TypeError when it is no IP address */
export function verifiedKey(remote: Remote, transport: number): Buffer {
  return Buffer.concat([remoteKey(remote), uint32(transport)]);
}

/** struct owner. */
export interface TupleOwner {
  transport: number;
  /** The owner that a verified change of address replaced; 0: none. */
  previous: number;
}

export const ownerBytes = 16;

/** struct owner. @param requestedAt - the time of its last Binding Request, of `process.hrtime`, in ns */
export function ownerValue({ transport, previous }: TupleOwner, requestedAt: bigint): Buffer {
  const time = Buffer.alloc(8);
  time.writeBigUInt64LE(requestedAt);
  return Buffer.concat([uint32(transport), uint32(previous), time]);
}

export function readOwner(value: Buffer): TupleOwner {
  return { transport: value.readUInt32LE(0), previous: value.readUInt32LE(4) };
}

export const transportBytes = 12;

/** struct transport, with no unverified tuples yet. */
export function transportValue(id: number, workerIndex: number): Buffer {
  return Buffer.concat([uint32(id), uint32(workerIndex), uint32(0)]);
}

/** struct transport, of a free entry. */
export const freeTransport = transportValue(0, 0);

/** struct transport. @returns undefined for a free entry */
export function readTransport(
  value: Buffer,
): { id: number; workerIndex: number; unverified: number } | undefined {
  const id = value.readUInt32LE(0);
  return id === 0
    ? undefined
    : { id, workerIndex: value.readUInt32LE(4), unverified: value.readUInt32LE(8) };
}

/** enum counter, in its order: what became of each datagram, and of each change of a tuple. */
export const counterNames = [
  'stunSteered',
  'dataSteered',
  'stunMalformed',
  'stunUnknownUfrag',
  'dataUnknownTuple',
  'noWorker',
  'unreadable',
  'tupleAdded',
  'tupleRestored',
  'tupleRejected',
  'tupleOverLimit',
  'stunTupleInUse',
] as const;

export type SteeringCounters = Record<(typeof counterNames)[number], number>;

export function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}

export function uint64(value: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(BigInt(value));
  return bytes;
}
