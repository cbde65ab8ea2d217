import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { debianProgram } from '../../scripts/debian/debian-program.ts';
import { root } from '../../scripts/setup/paths.mjs';
import { readCompose, samples } from '../../testkit/servers/deployed.ts';

const file = join(root, 'deploy/docker/compose.yaml');

/** Reading a file needs no engine. */
const dockerCompose = {
  name: 'docker-compose',
  file: 'usr/libexec/docker/cli-plugins/docker-compose',
  // Debian 12 has the Python version of 2021; this one is a static binary.
  suite: 'trixie',
};

test('Compose accepts each profile, and it starts the right services', {
  timeout: 120_000,
}, async (context) => {
  const program = await debianProgram(dockerCompose, context);
  for (const [profile, expected] of [
    ['single-port', ['caddy', 'single-port']],
    ['multi-port', ['caddy', 'multi-port']],
    ['shared-port', ['shared-port']],
  ] as const) {
    const { status, stdout, stderr } = spawnSync(
      program,
      ['-f', file, '--profile', profile, 'config', '--format', 'json'],
      { encoding: 'utf8', env: { ...process.env, ...samples } },
    );
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    const { services } = JSON.parse(stdout);
    expect(Object.keys(services).sort()).toEqual(expected);
    // So the other tests, which parse the file themselves, see what Compose sees.
    const ours = readCompose().services[profile]?.environment;
    expect(services[profile].environment).toEqual(ours);
  }
});

test('a missing variable is named', { timeout: 120_000 }, async (context) => {
  const program = await debianProgram(dockerCompose, context);
  for (const name of Object.keys(samples)) {
    const { status, stderr } = spawnSync(
      program,
      ['-f', file, '--profile', 'single-port', 'config', '--quiet'],
      { encoding: 'utf8', env: { ...process.env, ...samples, [name]: '' } },
    );
    expect(status).not.toBe(0);
    expect(stderr).toContain(name);
  }
});

test('no service has more privileges than it needs', () => {
  const { services } = readCompose() as unknown as {
    services: Record<string, Record<string, unknown>>;
  };
  for (const [name, service] of Object.entries(services)) {
    if (service.image !== 'oneport') {
      continue;
    }
    expect(service).toMatchObject({
      read_only: true,
      cap_drop: ['ALL'],
      security_opt: ['no-new-privileges:true'],
    });
    expect(service.cap_add).toEqual(
      name === 'shared-port' ? ['BPF', 'SYS_PTRACE', 'SETUID', 'SETGID'] : undefined,
    );
    expect(service).not.toHaveProperty('privileged');
    expect(service.user).toBe(name === 'shared-port' ? '0:0' : undefined);
  }
});
