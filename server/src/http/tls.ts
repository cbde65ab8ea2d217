/** Reads and generates the certificate for HTTPS. */
import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { networkInterfaces } from 'node:os';
import { createSecureContext } from 'node:tls';
import { generate } from 'selfsigned';
import { ConfigError } from '../config/start-error.ts';
import type { TlsConfig } from '../config/types.ts';

export interface KeyPair {
  cert: string;
  key: string;
}

type Files = Extract<TlsConfig, { kind: 'files' }>;

/**
 * @throws ConfigError when a file can't be read or used, or the key does not belong to the certificate. It says which
 *   file, and what to do
 */
export function readKeyPair({ certFile, keyFile }: Files): KeyPair {
  const cert = read('HTTPS_CERT_FULLCHAIN', certFile);
  const key = read('HTTPS_CERT_PRIVKEY', keyFile);
  check({ cert, key }, { certFile, keyFile });
  return { cert, key };
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

function check({ cert, key }: KeyPair, { certFile, keyFile }: Omit<Files, 'kind'>): void {
  // PKCS #8 (RFC 5958), and the older form of RFC 1421.
  if (/^-----BEGIN ENCRYPTED|^Proc-Type: 4,ENCRYPTED/m.test(key)) {
    throw new ConfigError(
      `  HTTPS_CERT_PRIVKEY=${keyFile}: the key is encrypted, and the server has no passphrase. Decrypt it into a file ` +
        `that only the server's user may read: \`openssl pkey -in ${keyFile} -out decrypted.pem\`.`,
    );
  }
  const x509 = parse('HTTPS_CERT_FULLCHAIN', certFile, () => new X509Certificate(cert));
  const privateKey = parse('HTTPS_CERT_PRIVKEY', keyFile, () => createPrivateKey(key));
  if (!x509.checkPrivateKey(privateKey)) {
    throw new ConfigError(
      '  HTTPS_CERT_PRIVKEY is not the key of HTTPS_CERT_FULLCHAIN: set both to files of the same pair.',
    );
  }
  try {
    createSecureContext({ cert, key });
  } catch (error) {
    throw new ConfigError(
      `  HTTPS_CERT_FULLCHAIN=${certFile}: ${whyRefused(error as NodeJS.ErrnoException, privateKey)}`,
    );
  }
}

function parse<T>(variable: string, file: string, create: () => T): T {
  try {
    return create();
  } catch (error) {
    throw new ConfigError(
      `  ${variable}=${file}: ${(error as Error).message}. Expected a PEM file.`,
    );
  }
}

/** Explains what OpenSSL's security level forbids (SSL_CTX_set_security_level(3)). */
function whyRefused({ code, message }: NodeJS.ErrnoException, key: KeyObject): string {
  switch (code) {
    case 'ERR_SSL_EE_KEY_TOO_SMALL': {
      const bits = key.asymmetricKeyDetails?.modulusLength;
      const is = `${key.asymmetricKeyType}${bits === undefined ? '' : `, ${bits} bits`}`;
      return `its key is too weak (${is}). Request one for a new key: EC P-256, or RSA with 2048 bits.`;
    }
    case 'ERR_SSL_CA_KEY_TOO_SMALL':
    case 'ERR_SSL_CA_MD_TOO_WEAK':
      return 'a key or a signature in its chain is too weak. Get the present chain from the issuer.';
    default:
      return `${message}. Expected the certificate first, then the chain to its issuer.`;
  }
}

/** @returns a certificate for this machine's addresses, valid for 30 days */
export async function selfSigned(): Promise<KeyPair> {
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
