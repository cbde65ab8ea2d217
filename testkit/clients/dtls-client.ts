import { type ChildProcessByStdio, execFileSync, spawn } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import { keyingMaterialBytes } from './srtp.ts';

export interface Certificate {
  /** The paths of PEM files. */
  readonly key: string;
  readonly cert: string;
  /** SHA-256, as SDP writes it. */
  readonly fingerprint: string;
}

export interface DtlsClient {
  /** The end of its standard input makes it say goodbye and exit. */
  readonly process: ChildProcessByStdio<Writable, Readable, null>;
  /** What SRTP's keys are made of; rejects when it ends before there was a handshake. */
  readonly keyingMaterial: Promise<Buffer>;
}

/** Makes a DTLS client's certificate. @param folder - Where its files shall be. */
export function createCertificate(folder: string): Certificate {
  const key = join(folder, 'key.pem');
  const cert = join(folder, 'cert.pem');
  const kind = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
  const files = ['-keyout', key, '-out', cert, '-days', '2', '-subj', '/CN=test'];

  execFileSync('openssl', ['req', '-x509', ...kind, ...files], { stdio: 'pipe' });

  return { key, cert, fingerprint: new X509Certificate(readFileSync(cert)).fingerprint256 };
}

/**
 * Starts a DTLS client, of openssl(1), that asks for SRTP keys.
 *
 * @param port - Where the server, or a relay to it, listens on 127.0.0.1.
 * @param from - The port that it sends from, at 127.0.0.1; none: any.
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

  // Not everybody wants it.
  keyingMaterial.catch(() => {});

  return { process: client, keyingMaterial };
}
