import { onTestFinished } from 'vitest';
import { temporaryFolder } from '../system/temporary-folder.ts';
import { type Certificate, createCertificate, type DtlsClient, spawnDtls } from './dtls-client.ts';

/** For tests: a DTLS certificate of a client's. */
export function makeCertificate(): Certificate {
  return createCertificate(temporaryFolder());
}

/**
 * For tests: a DTLS client that ends with the test.
 *
 * @param port - Where the server, or a relay to it, listens on 127.0.0.1.
 */
export function startDtls(port: number, certificate: Certificate): DtlsClient {
  const client = spawnDtls(port, certificate);

  onTestFinished(() => {
    client.process.kill();
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
