/** Limits of this machine that no server passes: the system calls and the cryptography of its packets. */
import { execFileSync } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { chooseCores, pinned } from './cores.ts';
import { DatagramSender, prepare } from './datagram-sender.ts';
import { threadCpuNs } from './measuring.ts';
import type { Group, Measured, Subject } from './scenario.ts';

/** A packet of video, of the size that libwebrtc prefers. */
const packetBytes = 1200;
const receivers = 40;
/** Datagrams for each receiver that fit into its buffer. */
const burst = 20;

async function measureSend(seconds: number): Promise<Measured> {
  await using stack = new AsyncDisposableStack();
  const sockets: Socket[] = [];
  const senders: DatagramSender[] = [];
  let received = 0;
  for (let i = 0; i < receivers; i++) {
    const socket = createSocket('udp4').bind(0, '127.0.0.1');
    stack.defer(() => void socket.close());
    await once(socket, 'listening');
    socket.on('message', () => {
      received += 1;
    });
    sockets.push(socket);
    const sender = openSender(socket.address().port);
    stack.defer(() => sender.close());
    senders.push(sender);
  }
  const prepared = prepare(Array.from({ length: burst }, () => Buffer.alloc(packetBytes, 0x80)));
  let [sent, ns] = [0, 0];
  const until = performance.now() + 1000 * seconds;
  while (performance.now() < until) {
    const begun = threadCpuNs();
    for (let n = 0; n < burst; n++) {
      for (const sender of senders) {
        sender.send(prepared, n, 1);
      }
    }
    ns += threadCpuNs() - begun;
    sent += burst * receivers;
    // Full buffers would make sending cheaper: the kernel drops early.
    await drained(() => received === sent);
  }
  const lost = sent - received;
  return {
    figures: { cpu: ns / sent / 1000 },
    invalid: lost > 0 ? [`${lost} of ${sent} datagrams were lost`] : [],
  };
}

function openSender(to: number): DatagramSender {
  for (let attempt = 0; ; attempt++) {
    try {
      return new DatagramSender(randomInt(10_000, 32_000), to);
    } catch (error) {
      if (attempt === 20) {
        throw error;
      }
    }
  }
}

async function drained(isDrained: () => boolean): Promise<void> {
  for (let wait = 0; wait < 200 && !isDrained(); wait++) {
    await sleep(1);
  }
}

/**
 * By openssl-speed(1), on a worker's core.
 *
 * @param args - algorithms and options
 * @returns its output for programs: lines with fields that are separated by colons
 */
function opensslSpeed(seconds: number, ...args: string[]): string {
  const whole = String(Math.max(1, Math.round(seconds)));
  const [program, ...rest] = pinned(chooseCores().workers, 'openssl', 'speed', '-mr');
  return execFileSync(program, [...rest, '-seconds', whole, ...args], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  });
}

/** Encrypting and authenticating one packet, as SRTP_AEAD_AES_128_GCM does (RFC 7714). */
function measureEncryption(seconds: number): Measured {
  const output = opensslSpeed(seconds, '-bytes', String(packetBytes), '-evp', 'aes-128-gcm');
  // +F:22:AES-128-GCM:4321012345.67, the last field in bytes per second.
  const [, bytesPerSecond] = /^\+F:\d+:[^:]+:([\d.]+)/m.exec(output) ?? [];
  return { figures: { cpu: (packetBytes / Number(bytesPerSecond)) * 1e6 }, invalid: [] };
}

/**
 * The public-key operations of a DTLS 1.2 handshake with certificates on both sides, for one side: a signature, two
 * verifications (the certificate's own and the handshake's), a key pair and a key agreement, all on P-256.
 */
function measureHandshake(seconds: number): Measured {
  const output = opensslSpeed(seconds / 3, 'ecdsap256', 'ecdhp256');
  // Operations in a second: +F4:2:256:48600.0:17429.4 (sign, verify), +F5:3:256:25677.8:0.000039 (derive; its seconds).
  const [, sign, verify] = /^\+F4:\d+:256:([\d.]+):([\d.]+)/m.exec(output) ?? [];
  const [, derive] = /^\+F5:\d+:256:([\d.]+)/m.exec(output) ?? [];
  const handshakeSeconds = 1 / Number(sign) + 2 / Number(verify) + 2 / Number(derive);
  return { figures: { cpu: handshakeSeconds * 1e6 }, invalid: [] };
}

const subject = (name: string, run: Subject['run']): Subject => ({ name, run });

export const limits: Group = {
  name: 'limits',
  title: 'Limits of the machine',
  text: `
No server avoids these costs. *sendto* is one system call per datagram of ${packetBytes.toLocaleString('en-US')} bytes, in turn to ${receivers} sockets on
loopback, where the sender's time includes the kernel's receive path. *AES-GCM* is the encryption of such a packet by OpenSSL.
*DTLS handshake* is the public-key cryptography of one side, the rest of a handshake (messages, memory) costs about as much again.
A forwarded packet needs a send and an encryption, and its share of one reception and decryption.`,
  figures: { cpu: { title: 'CPU', unit: 'µs', better: 'lower' } },
  scenarios: [
    {
      name: 'limits/packet',
      title: 'one packet',
      short: true,
      subjects: () => [
        subject('sendto', measureSend),
        subject('AES-GCM', async (seconds) => measureEncryption(seconds)),
      ],
    },
    {
      name: 'limits/handshake',
      title: 'one connection',
      short: true,
      subjects: () => [subject('DTLS handshake', async (seconds) => measureHandshake(seconds))],
    },
  ],
};
