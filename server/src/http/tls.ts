import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { networkInterfaces } from 'node:os';
import { generate } from 'selfsigned';
import { ConfigError } from '../config/start-error.ts';
import type { TlsConfig } from '../config/types.ts';

export interface KeyPair {
  cert: string;
  key: string;
}

/**
 * Loads or generates the certificate for HTTPS.
 *
 * @returns undefined for plain HTTP
 * @throws ConfigError when a file can't be read, or the key does not belong to the certificate
 */
export async function loadKeyPair(tls: TlsConfig): Promise<KeyPair | undefined> {
  switch (tls.kind) {
    case 'none':
      return undefined;
    case 'self-signed':
      return await selfSigned();
    case 'files': {
      const cert = read('HTTPS_CERT_FULLCHAIN', tls.certFile);
      const key = read('HTTPS_CERT_PRIVKEY', tls.keyFile);
      check(cert, key);
      return { cert, key };
    }
  }
}

function read(variable: string, file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new ConfigError(
      `  ${variable}=${file}: ${(error as Error).message}. Expected a PEM file that this user may read.`,
    );
  }
}

function check(cert: string, key: string): void {
  let matches: boolean;
  try {
    matches = new X509Certificate(cert).checkPrivateKey(createPrivateKey(key));
  } catch (error) {
    throw new ConfigError(
      `  HTTPS_CERT_FULLCHAIN, HTTPS_CERT_PRIVKEY: ${(error as Error).message}. Expected PEM files.`,
    );
  }
  if (!matches) {
    throw new ConfigError(
      '  HTTPS_CERT_PRIVKEY is not the key of HTTPS_CERT_FULLCHAIN: set both to files of the same pair.',
    );
  }
}

/** @returns a certificate for this machine's addresses, valid for 30 days */
async function selfSigned(): Promise<KeyPair> {
  const addresses = Object.values(networkInterfaces())
    .flatMap((list) => list ?? [])
    .filter(({ scopeid }) => !scopeid)
    .map(({ address }) => address);
  const notAfterDate = new Date(Date.now() + 30 * 24 * 60 * 60 * 1000);
  const { cert, private: key } = await generate([{ name: 'commonName', value: 'oneport' }], {
    keyType: 'ec',
    notAfterDate,
    extensions: [
      {
        name: 'subjectAltName',
        altNames: [
          { type: 2, value: 'localhost' },
          ...[...new Set(['127.0.0.1', ...addresses])].map((ip) => ({ type: 7 as const, ip })),
        ],
      },
    ],
  });
  return { cert, key };
}
