import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createCertificate, spawnDtls } from '../testkit/clients/dtls-client.ts';

/** A DTLS client's, of openssl(1). */
export class DtlsCertificate {
  readonly #folder = mkdtempSync(join(tmpdir(), 'oneport-bench-'));
  readonly #certificate = createCertificate(this.#folder);

  /** SHA-256, as SDP writes it. */
  get fingerprint(): string {
    return this.#certificate.fingerprint;
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
    const { process: client, keyingMaterial } = spawnDtls(to, this.#certificate, from);
    const exit = once(client, 'exit');
    try {
      return await keyingMaterial;
    } finally {
      client.kill('SIGKILL');
      await exit;
    }
  }

  remove(): void {
    rmSync(this.#folder, { recursive: true });
  }
}
