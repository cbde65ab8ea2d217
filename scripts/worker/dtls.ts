import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { temporaryFolder } from '../setup/testing.ts';

export interface Certificate {
  /** The paths of PEM files. */
  readonly key: string;
  readonly cert: string;
  /** SHA-256, as SDP writes it. */
  readonly fingerprint: string;
}

/** For tests: a DTLS certificate of a client's. */
export function makeCertificate(): Certificate {
  const folder = temporaryFolder();
  const key = join(folder, 'key.pem');
  const cert = join(folder, 'cert.pem');
  const args = [
    '-x509',
    '-newkey',
    'ec',
    '-pkeyopt',
    'ec_paramgen_curve:prime256v1',
    '-nodes',
  ].concat(['-keyout', key, '-out', cert, '-days', '2', '-subj', '/CN=test']);

  execFileSync('openssl', ['req', ...args], { stdio: 'pipe' });

  return { key, cert, fingerprint: new X509Certificate(readFileSync(cert)).fingerprint256 };
}

/**
 * For tests: a DTLS client that asks for SRTP keys. The end of its standard input makes it say goodbye and exit.
 *
 * @param port - Where the server, or a relay to it, listens on 127.0.0.1.
 */
export function startDtls(port: number, { key, cert }: Certificate): ChildProcess {
  const args = ['-dtls1_2', '-connect', `127.0.0.1:${port}`, '-key', key, '-cert', cert].concat([
    '-use_srtp',
    'SRTP_AES128_CM_SHA1_80',
  ]);
  const client = spawn('openssl', ['s_client', ...args], { stdio: ['pipe', 'ignore', 'ignore'] });

  onTestFinished(() => {
    client.kill();
  });

  return client;
}

/**
 * A record of DTLS 1.2 in clear, the first of its epoch 0 (RFC 6347, 4.1).
 *
 * @param contentType - 21: alert, 22: handshake
 */
export function dtlsRecord(contentType: number, body: Buffer): Buffer {
  const head = Buffer.alloc(13);

  head.writeUInt8(contentType, 0);
  head.writeUInt16BE(0xfefd, 1);
  head.writeUInt16BE(body.length, 11);

  return Buffer.concat([head, body]);
}
