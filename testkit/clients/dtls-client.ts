import { type ChildProcessByStdio, execFileSync, spawn } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import { keyingMaterialBytes } from './srtp.ts';

export interface Certificate {
  /** Paths of PEM files. */
  readonly key: string;
  readonly cert: string;
  /** SHA-256, as in SDP. */
  readonly fingerprint: string;
}

export interface DtlsClient {
  /** Sends close_notify and exits at the end of its standard input. */
  readonly process: ChildProcessByStdio<Writable, Readable, null>;
  /** The source of the SRTP keys. Rejects when the client ends before the handshake. */
  readonly keyingMaterial: Promise<Buffer>;
}

/** @param folder - where the certificate's files are written */
export function createCertificate(folder: string): Certificate {
  const key = join(folder, 'key.pem');
  const cert = join(folder, 'cert.pem');
  const kind = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
  const files = ['-keyout', key, '-out', cert, '-days', '2', '-subj', '/CN=test'];

  execFileSync('openssl', ['req', '-x509', ...kind, ...files], { stdio: 'pipe' });

  return { key, cert, fingerprint: new X509Certificate(readFileSync(cert)).fingerprint256 };
}

/**
 * Starts `openssl s_client` as a DTLS client that negotiates SRTP.
 *
 * @param port - of the server, or of a relay to it, at 127.0.0.1
 * @param from - the local port, at 127.0.0.1; undefined: any
 */
export function spawnDtls(port: number, { key, cert }: Certificate, from?: number): DtlsClient {
  const args = ['-dtls1_2', '-connect', `127.0.0.1:${port}`, '-key', key, '-cert', cert].concat(
    ['-use_srtp', 'SRTP_AEAD_AES_128_GCM', '-keymatexport', 'EXTRACTOR-dtls_srtp'],
    ['-keymatexportlen', String(keyingMaterialBytes)],
    from === undefined ? [] : ['-bind', `127.0.0.1:${from}`],
  );
  const client = spawn('openssl', ['s_client', ...args], { stdio: ['pipe', 'pipe', 'ignore'] });
  const keyingMaterial = new Promise<Buffer>((resolve, reject) => {
    let output = '';

    client.stdout.on('data', (data) => {
      output += String(data);

      const [, hex] = /Keying material: ([0-9A-F]+)\s/.exec(output) ?? [];

      if (hex) {
        resolve(Buffer.from(hex, 'hex'));
      }
    });
    client.on('close', () => reject(new Error(`no DTLS handshake:\n${output}`)));
  });

  // Tests that do not use the keys leave a rejection unhandled.
  keyingMaterial.catch(() => {});

  return { process: client, keyingMaterial };
}

/**
 * A DTLS 1.2 record in clear, the first of epoch 0 (RFC 6347, 4.1).
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
