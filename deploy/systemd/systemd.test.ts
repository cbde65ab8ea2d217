import { spawnSync } from 'node:child_process';
import { chmodSync } from 'node:fs';
import { join } from 'node:path';
import { expect, type TestContext, test } from 'vitest';
import { readDeploy } from '../../testkit/servers/deployed.ts';
import { temporaryFolder, write } from '../../testkit/system/temporary-folder.ts';

const unit = readDeploy('systemd/oneport.service');
const rights = readDeploy('systemd/port-rights.conf');

function analyze(args: string[], { skip }: TestContext): { status: number | null; text: string } {
  const { status, stdout, stderr, error } = spawnSync('systemd-analyze', args, {
    encoding: 'utf8',
    // Without a bus, systemd warns that it cannot see other units.
    env: { ...process.env, SYSTEMD_LOG_LEVEL: 'warning' },
  });
  if (error) {
    skip('needs systemd-analyze');
  }
  return { status, text: stdout + stderr };
}

/** The unit in a folder as it would be installed, with a stand-in for the program. */
function installed(text: string, ...dropIns: string[]): string {
  const folder = temporaryFolder();
  const program = join(folder, 'oneport');
  write(folder, {
    oneport: '#!/bin/sh\n',
    'oneport.service': text.replaceAll('/opt/oneport/bin/oneport', program),
    ...Object.fromEntries(dropIns.map((dropIn, i) => [`oneport.service.d/${i}.conf`, dropIn])),
  });
  chmodSync(program, 0o755);
  return join(folder, 'oneport.service');
}

test('systemd accepts the unit, alone and with the privileges for shared-port', (context) => {
  for (const dropIns of [[], [rights]]) {
    expect(analyze(['verify', installed(unit, ...dropIns)], context)).toEqual({
      status: 0,
      text: '',
    });
  }
});

test('unknown values and directives are found', (context) => {
  const wrong = unit.replace('KillMode=mixed', 'KillMode=mixture');
  expect(analyze(['verify', installed(wrong)], context).text).toContain('mixture');
  const unknown = rights.replace('LimitMEMLOCK', 'LimitMEMLOCKED');
  expect(analyze(['verify', installed(unit, unknown)], context).text).toContain('LimitMEMLOCKED');
});

test('systemd rates the exposure as low', (context) => {
  const exposure = (...dropIns: string[]) => {
    const { text } = analyze(
      ['security', '--offline=true', '--no-pager', installed(unit, ...dropIns)],
      context,
    );
    return Number(/Overall exposure level for \S+: ([\d.]+)/.exec(text)?.[1]);
  };
  // Of 10. Without any directive it is 9.6.
  expect(exposure()).toBeLessThanOrEqual(2);
  expect(exposure(rights)).toBeLessThanOrEqual(2.5);
});
