import { execFileSync, spawn } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { keyingMaterialBytes } from './srtp.ts';

/** A DTLS client's, of openssl(1). */
export class DtlsCertificate {
  /** SHA-256, as SDP writes it. */
  readonly fingerprint: string;
  readonly #folder = mkdtempSync(join(tmpdir(), 'oneport-bench-'));
  readonly #files = { key: join(this.#folder, 'key.pem'), cert: join(this.#folder, 'cert.pem') };

  constructor() {
    const { key, cert } = this.#files;
    const kind = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
    const files = ['-keyout', key, '-out', cert, '-days', '2', '-subj', '/CN=bench'];
    execFileSync('openssl', ['req', '-x509', ...kind, ...files], { stdio: 'pipe' });
    this.fingerprint = new X509Certificate(readFileSync(cert)).fingerprint256;
  }

  /**
   * Does a DTLS handshake at 127.0.0.1 and leaves without a goodbye, so that the transport stays.
   *
   * @param from - a port that ICE has made known there
   * @param to - the server's
   * @returns what SRTP's keys are made of
   * @throws Error when there was no handshake
   */
  async handshake(from: number, to: number): Promise<Buffer> {
    const { key, cert } = this.#files;
    const args = ['-dtls1_2', '-connect', `127.0.0.1:${to}`, '-bind', `127.0.0.1:${from}`].concat([
      ...['-key', key, '-cert', cert, '-use_srtp', 'SRTP_AEAD_AES_128_GCM'],
      ...['-keymatexport', 'EXTRACTOR-dtls_srtp', '-keymatexportlen', String(keyingMaterialBytes)],
    ]);
    const client = spawn('openssl', ['s_client', ...args], { stdio: ['pipe', 'pipe', 'ignore'] });
    const exit = once(client, 'exit');
    try {
      let output = '';
      for await (const data of client.stdout) {
        output += String(data);
        const found = /Keying material: ([0-9A-F]+)\s/.exec(output);
        if (found?.[1]) return Buffer.from(found[1], 'hex');
      }
      throw new Error(`no DTLS handshake:\n${output}`);
    } finally {
      client.kill('SIGKILL');
      await exit;
    }
  }

  remove(): void {
    rmSync(this.#folder, { recursive: true });
  }
}
