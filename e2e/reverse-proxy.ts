import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { get } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'vitest';
import { debianProgram } from '../scripts/debian/debian-program.ts';
import { readDeploy } from '../testkit/servers/deployed.ts';
import { freePorts } from '../testkit/servers/free-ports.ts';

/** A running proxy, configured as in deploy/. */
export interface ReverseProxy {
  /** The URL of the page through the proxy. */
  url: string;
  /** The same on its port for plain HTTP. */
  plainUrl: string;
  /** Everything that it has written: its output and its logs. */
  written(): string;
  stop(): Promise<void>;
}

/** By name. Each uses its configuration in deploy/ with other addresses, ports and folders. */
export const proxies = { nginx: startNginx, Caddy: startCaddy };

/** @param edit - what an operator changes in the file */
async function startNginx(
  upstream: string,
  context: Pick<TestContext, 'skip'>,
  edit = (text: string) => text,
): Promise<ReverseProxy> {
  const program = await debianProgram({ name: 'nginx', file: 'usr/sbin/nginx' }, context);
  const folder = mkdtempSync(join(tmpdir(), 'oneport-nginx-'));
  const port = await freePorts(2);
  const [cert, key] = [join(folder, 'cert.pem'), join(folder, 'key.pem')];
  execFileSync(
    'openssl',
    [
      ...['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-subj', '/CN=localhost'],
      ...['-keyout', key, '-out', cert],
    ],
    { stdio: 'ignore' },
  );
  const ours = changed(edit(readDeploy('nginx/oneport.conf')), [
    ['server 127.0.0.1:3000;', `server ${upstream};`],
    ['listen 80;', `listen 127.0.0.1:${port + 1};`],
    ['listen [::]:80;', ''],
    ['listen 443 ssl http2;', `listen 127.0.0.1:${port} ssl http2;`],
    ['listen [::]:443 ssl http2;', ''],
    ['server_name call.example;', 'server_name localhost;'],
    ['/etc/oneport/cert.pem', cert],
    ['/etc/oneport/key.pem', key],
    ['/var/log/nginx', folder],
  ]);
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
    (name) => `${name}_temp_path ${folder}/${name};`,
  );
  writeFileSync(join(folder, 'oneport.conf'), ours);
  writeFileSync(
    join(folder, 'nginx.conf'),
    `${process.getuid?.() === 0 ? 'user root;' : ''} daemon off; pid ${folder}/pid; error_log stderr;
     events {} http { ${temporary.join(' ')} include ${folder}/oneport.conf; }`,
  );
  return start([program, '-p', folder, '-c', join(folder, 'nginx.conf')], { folder, port });
}

async function startCaddy(
  upstream: string,
  context: Pick<TestContext, 'skip'>,
): Promise<ReverseProxy> {
  const program = await debianProgram({ name: 'caddy', file: 'usr/bin/caddy' }, context);
  const folder = mkdtempSync(join(tmpdir(), 'oneport-caddy-'));
  const port = await freePorts(2);
  // Ports for this test on loopback only; its certificate authority is not installed.
  const forTest = `http_port ${port + 1}\nhttps_port ${port}\ndefault_bind 127.0.0.1\nadmin off\nskip_install_trust\n`;
  const ours = changed(readDeploy('caddy/Caddyfile'), [['{\n', `{\n${forTest}`]]);
  writeFileSync(join(folder, 'Caddyfile'), ours);
  return start([program, 'run', '--config', join(folder, 'Caddyfile'), '--adapter', 'caddyfile'], {
    folder,
    port,
    env: { ONEPORT: upstream, HOME: folder, XDG_DATA_HOME: folder, XDG_CONFIG_HOME: folder },
  });
}

/** @throws if one of the texts to replace is missing */
function changed(text: string, changes: [string, string][]): string {
  return changes.reduce((before, [from, to]) => {
    if (!before.includes(from)) {
      throw new Error(`not found: ${from}`);
    }
    return from.startsWith('{') ? before.replace(from, to) : before.replaceAll(from, to);
  }, text);
}

async function start(
  [program, ...args]: [string, ...string[]],
  { folder, port, env }: { folder: string; port: number; env?: Record<string, string> },
): Promise<ReverseProxy> {
  const child = spawn(program, args, {
    cwd: folder,
    env: { ...process.env, ...env },
    stdio: 'pipe',
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text) => {
      output += text;
    });
  }
  const written = () => {
    const files = readdirSync(folder, { recursive: true, encoding: 'utf8' });
    const logs = files.filter((name) => name.endsWith('.log'));
    return output + logs.map((name) => readFileSync(join(folder, name), 'utf8')).join('');
  };
  /** Kept after its folder is removed. */
  let last: string | undefined;
  const ended = once(child, 'exit').then(() => {
    throw new Error(`${program} ended:\n${output}`);
  });
  ended.catch(() => undefined);
  const url = `https://localhost:${port}`;
  await Promise.race([untilAnswers(url), ended]);
  return {
    url,
    plainUrl: `http://localhost:${port + 1}`,
    written: () => last ?? written(),
    async stop() {
      if (child.exitCode === null && child.signalCode === null) {
        const exit = once(child, 'close');
        child.kill('SIGTERM');
        await exit;
      }
      last ??= written();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Waits for any answer. At first the proxy may have no certificate yet. */
async function untilAnswers(url: string): Promise<void> {
  for (;;) {
    const answers = await new Promise<boolean>((resolve) => {
      get(`${url}/health`, { rejectUnauthorized: false }, (response) => {
        response.resume();
        resolve(true);
      }).on('error', () => resolve(false));
    });
    if (answers) {
      return;
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
