/** The keys and values of the maps, as the structs of steer.bpf.c have them. */
import { ipBytes, ipText } from '../../../net/ip.ts';

/** What is random in a ufrag of mediasoup's: its last 32 characters; others may name room and peer. */
const ufragBytes = 32;

/** From <linux/if_ether.h>. */
const ethertypes = { ipv4: 0x0800, ipv6: 0x86dd };

/** struct ufrag. @throws TypeError when it is shorter than what mediasoup's always has */
export function ufragKey(ufrag: string): Buffer {
  const key = Buffer.from(ufrag.slice(-ufragBytes), 'latin1');
  if (key.length !== ufragBytes) {
    throw new TypeError(`no ufrag of mediasoup's: ${ufrag}`);
  }
  return key;
}

/** struct remote. @throws TypeError when it is no IP address */
export function remoteKey({ address, port }: { address: string; port: number }): Buffer {
  const ip = ipBytes(address);
  const key = Buffer.alloc(20);
  ip.copy(key, 0);
  key.writeUInt16BE(port, 16);
  key.writeUInt16BE(ip.length === 4 ? ethertypes.ipv4 : ethertypes.ipv6, 18);
  return key;
}

/** What a struct remote says. */
export function readRemote(key: Buffer): { address: string; port: number } {
  const isV6 = key.readUInt16BE(18) === ethertypes.ipv6;
  return { address: ipText(key.subarray(0, isV6 ? 16 : 4)), port: key.readUInt16BE(16) };
}

/** struct proof. @throws TypeError when it is no IP address */
export function proofKey(remote: { address: string; port: number }, transport: number): Buffer {
  return Buffer.concat([remoteKey(remote), uint32(transport)]);
}

/** struct owner: whose a tuple is, and whose it was before, 0 for nobody. */
export interface TupleOwner {
  transport: number;
  previous: number;
}

export const ownerBytes = 16;

/** @param askedAt - when it has last sent a Binding Request from there: nanoseconds, of the clock of `process.hrtime` */
export function ownerValue({ transport, previous }: TupleOwner, askedAt: bigint): Buffer {
  const time = Buffer.alloc(8);
  time.writeBigUInt64LE(askedAt);
  return Buffer.concat([uint32(transport), uint32(previous), time]);
}

export function readOwner(value: Buffer): TupleOwner {
  return { transport: value.readUInt32LE(0), previous: value.readUInt32LE(4) };
}

/** struct transport, with all its claims still to make. */
export function transportValue(id: number, slot: number): Buffer {
  return Buffer.concat([uint32(id), uint32(slot), uint32(0)]);
}

/** A place of the array of transports that nobody has. */
export const noTransport = transportValue(0, 0);

/** What a struct transport says; undefined: nobody has the place. */
export function readTransport(
  value: Buffer,
): { id: number; slot: number; claims: number } | undefined {
  const [id, slot, claims] = [0, 4, 8].map((at) => value.readUInt32LE(at)) as [
    number,
    number,
    number,
  ];
  return id === 0 ? undefined : { id, slot, claims };
}

export function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}
