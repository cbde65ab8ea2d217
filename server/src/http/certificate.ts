import { X509Certificate } from 'node:crypto';
import type { Server } from 'node:http';
import { Server as TlsServer } from 'node:tls';
import { fingerprintOf } from '../access/watched-file.ts';
import type { TlsConfig } from '../config/types.ts';
import type { Logger } from '../telemetry/log.ts';
import { type KeyPair, readKeyPair, selfSigned } from './tls.ts';

/** Reading the files' status costs microseconds. */
const checkEveryMs = 1_000;
const dayMs = 24 * 60 * 60 * 1_000;
/** Issuers whose certificates last 90 days or less renew them earlier than this. */
const soonDays = 14;

/** The certificate for HTTPS. Its files are read again when they have changed. */
export class Certificate {
  readonly #tls: TlsConfig;
  readonly #log: Logger;
  readonly #now: () => number;
  #keyPair: KeyPair;
  #x509: X509Certificate;
  /** Of the files that were read last. */
  #read: string;
  /** Of the files as they were at the last check. */
  #seen: string;
  #validity = 'valid';
  #server: Server | undefined;
  #timer: NodeJS.Timeout | undefined;

  /**
   * @returns undefined for plain HTTP
   * @throws ConfigError when a file can't be read or used, or the key does not belong to the certificate
   */
  static async load(tls: TlsConfig, log: Logger, now = Date.now): Promise<Certificate | undefined> {
    switch (tls.kind) {
      case 'none':
        return undefined;
      case 'self-signed':
        return new Certificate(tls, await selfSigned(), log, now);
      case 'files':
        return new Certificate(tls, readKeyPair(tls), log, now);
    }
  }

  private constructor(tls: TlsConfig, keyPair: KeyPair, log: Logger, now: () => number) {
    this.#tls = tls;
    this.#log = log;
    this.#now = now;
    this.#keyPair = keyPair;
    this.#x509 = new X509Certificate(keyPair.cert);
    this.#read = this.#takeFingerprint();
    this.#seen = this.#read;
    this.#checkValidity();
  }

  get keyPair(): KeyPair {
    return this.#keyPair;
  }

  get x509(): X509Certificate {
    return this.#x509;
  }

  /** Days until it expires; negative once it has. */
  get daysLeft(): number {
    return (this.#x509.validToDate.getTime() - this.#now()) / dayMs;
  }

  /** Lets a server use the present certificate from now on. @param server - HTTPS */
  keepUpToDate(server: Server): void {
    this.#server = server;
    this.#timer = setInterval(() => this.check(), checkEveryMs).unref();
  }

  close(): void {
    clearInterval(this.#timer);
  }

  /** Reads the files if they have changed, and warns about a certificate that browsers reject or soon will. */
  check(): void {
    const fingerprint = this.#takeFingerprint();
    if (fingerprint !== this.#seen) {
      // Both files are replaced, one after the other: read them when a second has passed without a change.
      this.#seen = fingerprint;
    } else if (fingerprint !== this.#read) {
      this.#read = fingerprint;
      this.#reload();
    }
    this.#checkValidity();
  }

  #reload(): void {
    if (this.#tls.kind !== 'files') {
      return;
    }
    try {
      this.#keyPair = readKeyPair(this.#tls);
      this.#x509 = new X509Certificate(this.#keyPair.cert);
      // Open connections keep the one that they have seen.
      if (this.#server instanceof TlsServer) {
        this.#server.setSecureContext(this.#keyPair);
      }
      this.#log.info(this.#fields(), 'certificate reloaded');
    } catch (error) {
      this.#log.error(
        { error: (error as Error).message.trim() },
        'failed to reload the certificate; keeping the previous one',
      );
    }
  }

  #takeFingerprint(): string {
    if (this.#tls.kind !== 'files') {
      return '';
    }
    try {
      const { certFile, keyFile } = this.#tls;
      return `${fingerprintOf(certFile)} ${fingerprintOf(keyFile)}`;
    } catch (error) {
      return (error as Error).message;
    }
  }

  #checkValidity(): void {
    const before = this.#validity;
    this.#validity =
      this.#x509.validFromDate.getTime() > this.#now()
        ? 'not valid yet'
        : this.daysLeft < 0
          ? 'expired'
          : this.daysLeft < soonDays
            ? 'expires soon'
            : 'valid';
    if (this.#validity !== before && this.#validity !== 'valid') {
      this.#log.warn(this.#fields(), `certificate ${this.#validity}`);
    }
  }

  #fields(): Record<string, unknown> {
    const { subject, validFromDate, validToDate } = this.#x509;
    return { subject, validFrom: validFromDate, validTo: validToDate };
  }
}
