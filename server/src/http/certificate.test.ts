import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { connect } from 'node:tls';
import { pino } from 'pino';
import { generate } from 'selfsigned';
import { expect, onTestFinished, test } from 'vitest';
import { PortMapViewer } from '../../../testkit/clients/port-map-viewer.ts';
import { startTestServer } from '../../../testkit/servers/test-server.ts';
import { Certificate } from './certificate.ts';
import type { KeyPair } from './tls.ts';

const day = 24 * 60 * 60 * 1_000;

/** A pair that is valid from now on for 90 days. */
async function pairFor(name: string): Promise<KeyPair> {
  const { cert, private: key } = await generate([{ name: 'commonName', value: name }], {
    keyType: 'ec',
    notAfterDate: new Date(Date.now() + 90 * day),
    extensions: [{ name: 'subjectAltName', altNames: [{ type: 2, value: name }] }],
  });
  return { cert, key };
}

/** @returns the files, and a function that fills them */
function files() {
  const folder = mkdtempSync(join(tmpdir(), 'oneport-certificate-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const tls = {
    kind: 'files' as const,
    certFile: join(folder, 'cert.pem'),
    keyFile: join(folder, 'key.pem'),
  };
  const write = ({ cert, key }: Partial<KeyPair>) => {
    if (cert !== undefined) {
      writeFileSync(tls.certFile, cert);
    }
    if (key !== undefined) {
      writeFileSync(tls.keyFile, key);
    }
  };
  return { tls, write };
}

function recordingLog() {
  const lines: string[] = [];
  const stream = new Writable({
    write(line, _encoding, done) {
      lines.push(JSON.parse(String(line)).msg);
      done();
    },
  });
  return { lines, log: pino(stream) };
}

const encryption = { cipher: 'aes-256-cbc', passphrase: 'x' };

function newKey(type: 'pkcs8' | 'sec1', options = {}): string {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  return String(privateKey.export({ type, format: 'pem', ...options }));
}

interface Case {
  name: string;
  spoil(files: { certFile: string; keyFile: string }): Promise<void>;
  message: RegExp;
}

const cases: Case[] = [
  {
    name: 'no certificate',
    spoil: async ({ certFile }) => rmSync(certFile),
    message: /_FULLCHAIN=.*cert\.pem: ENOENT.* may read/,
  },
  {
    name: 'no PEM',
    spoil: async ({ keyFile }) => writeFileSync(keyFile, 'x'),
    message: /_PRIVKEY=.*key\.pem: .*Expected a PEM/,
  },
  {
    name: 'an encrypted key',
    spoil: async ({ keyFile }) => writeFileSync(keyFile, newKey('pkcs8', encryption)),
    message: /_PRIVKEY=.*key\.pem: the key is encrypted.*`openssl pkey -in .*key\.pem -out/,
  },
  {
    name: 'an encrypted key of the older form',
    spoil: async ({ keyFile }) => writeFileSync(keyFile, newKey('sec1', encryption)),
    message: /_PRIVKEY=.*key\.pem: the key is encrypted/,
  },
  {
    name: 'a weak key',
    spoil: async ({ certFile, keyFile }) => {
      const weak = await generate([{ name: 'commonName', value: 'x' }], { keySize: 1024 });
      writeFileSync(certFile, weak.cert);
      writeFileSync(keyFile, weak.private);
    },
    message: /_FULLCHAIN=.*cert\.pem: its key is too weak \(rsa, 1024 bits\)/,
  },
  {
    name: 'the key of another certificate',
    spoil: async ({ keyFile }) => writeFileSync(keyFile, newKey('pkcs8')),
    message: /HTTPS_CERT_PRIVKEY is not the key of/,
  },
];

test.each(cases)('does not start with $name, and says what to do', async ({ spoil, message }) => {
  const { tls, write } = files();
  write(await pairFor('call.example'));
  await spoil(tls);
  await expect(Certificate.load(tls, recordingLog().log)).rejects.toMatchObject({
    name: 'ConfigError',
    message: expect.stringMatching(message),
  });
});

test('warns about a certificate that browsers reject or soon will, once each', async () => {
  const { tls, write } = files();
  write(await pairFor('call.example'));
  const { lines, log } = recordingLog();
  let now = Date.now() - 2 * day;
  const certificate = await Certificate.load(tls, log, () => now);
  const at = (days: number) => {
    now = Date.now() + days * day;
    certificate?.check();
    certificate?.check();
    return lines.splice(0);
  };
  expect(lines.splice(0)).toEqual(['certificate not valid yet']);
  expect(at(1)).toEqual([]);
  expect(certificate?.daysLeft).toBeCloseTo(89, 1);
  expect(at(77)).toEqual(['certificate expires soon']);
  expect(at(91)).toEqual(['certificate expired']);
  expect(certificate?.daysLeft).toBeCloseTo(-1, 1);
});

test('logs files that became wrong once, and recovers', async () => {
  const [one, two] = [await pairFor('one.example'), await pairFor('two.example')];
  const { tls, write } = files();
  write(one);
  const { lines, log } = recordingLog();
  const certificate = await Certificate.load(tls, log);
  const checked = () => {
    for (let n = 0; n < 3; n++) {
      certificate?.check();
    }
    return lines.splice(0);
  };
  expect(checked()).toEqual([]);
  write({ cert: two.cert });
  expect(checked()).toEqual(['failed to reload the certificate; keeping the previous one']);
  rmSync(tls.keyFile);
  expect(checked()).toEqual(['failed to reload the certificate; keeping the previous one']);
  expect(certificate?.keyPair).toEqual(one);
  write(two);
  expect(checked()).toEqual(['certificate reloaded']);
  expect(certificate?.keyPair).toEqual(two);
  expect(certificate?.x509.subject).toBe('CN=two.example');
});

test('a running server uses replaced files, once both belong together', async () => {
  const [one, two] = [await pairFor('one.example'), await pairFor('two.example')];
  const { tls, write } = files();
  write(one);
  const server = await startTestServer(
    { HTTPS_CERT_FULLCHAIN: tls.certFile, HTTPS_CERT_PRIVKEY: tls.keyFile },
    { metrics: true },
  );
  onTestFinished(() => server.stop());
  const port = Number(new URL(server.url).port);
  const served = () =>
    new Promise<string>((resolve, reject) => {
      const socket = connect({ host: '127.0.0.1', port, rejectUnauthorized: false }, () => {
        resolve(String(socket.getPeerCertificate().subject.CN));
        socket.destroy();
      }).on('error', reject);
    });
  const view = async (host: string) => {
    const url = `https://127.0.0.1:${port}`;
    (await PortMapViewer.open({ url, headers: { Host: host } })).close();
  };
  expect(await served()).toBe('one.example');
  expect((await server.scrape())('oneport_certificate_days_left')).toBeCloseTo(90, 1);
  await expect(view('two.example')).rejects.toThrow('Host');

  write({ cert: two.cert });
  expect(await served()).toBe('one.example');
  write({ key: two.key });
  await expect.poll(served).toBe('two.example');
  await view('two.example');
});
