import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, onTestFinished, test, vi } from 'vitest';
import { temporaryFolder } from '../../testkit/system/temporary-folder.ts';

const runModule = JSON.stringify(join(import.meta.dirname, 'run.mjs'));

test('the server gets a signal once, and its exit code becomes ours', async () => {
  const launcher = launch(`
    process.on('SIGINT', () => { console.log('heard'); process.exitCode = 7; process.disconnect(); });
  `);
  await said(launcher, 'up');
  launcher.kill('SIGINT');
  launcher.kill('SIGINT');
  expect(await ended(launcher)).toEqual({ code: 7, output: 'up\nheard\n' });
});

test('a later signal is passed on as well', async () => {
  const launcher = launch(`
    let count = 0;
    process.on('SIGTERM', () => { console.log('heard ' + ++count); if (count === 2) process.exit(3); });
  `);
  await said(launcher, 'up');
  launcher.kill('SIGTERM');
  await said(launcher, 'heard 1');
  // Within 250 ms the same signal counts once.
  await sleep(400);
  launcher.kill('SIGTERM');
  expect((await ended(launcher)).code).toBe(3);
});

test('when the launcher is killed, the server sees its channel close', async () => {
  const file = join(temporaryFolder(), 'noticed');
  const launcher = launch(`
    process.once('disconnect', () => {
      require('node:fs').writeFileSync(${JSON.stringify(file)}, '');
      process.exit();
    });
  `);
  await said(launcher, 'up');
  launcher.kill('SIGKILL');
  await vi.waitFor(() => expect(existsSync(file)).toBe(true), { timeout: 10_000 });
});

test.runIf(process.platform === 'linux' && process.getuid?.() === 0)(
  'a server of another user, which we may not signal, gets each signal over its channel',
  async () => {
    const launcher = launch(
      `process.setuid(65534);
       let count = 0;
       process.on('message', (signal) => {
         console.log('heard ' + signal);
         if (++count === 2) process.exit(5);
       });`,
      ['setpriv', '--bounding-set=-all,+setuid'],
    );
    await said(launcher, 'up');
    launcher.kill('SIGTERM');
    await said(launcher, 'heard SIGTERM');
    launcher.kill('SIGINT');
    expect(await ended(launcher)).toEqual({
      code: 5,
      output: 'up\nheard SIGTERM\nheard SIGINT\n',
    });
  },
);

test('a server that a signal ends results in the exit code that a shell would give', async () => {
  const launcher = launch('setTimeout(() => process.kill(process.pid, "SIGKILL"));');
  expect((await ended(launcher)).code).toBe(137);
});

const outputs = new WeakMap<ChildProcess, string>();

function launch(server: string, wrapper: string[] = []): ChildProcess {
  const script = `${server}; process.channel.ref(); console.log('up');`;
  const [program = process.execPath, ...args] = [...wrapper, process.execPath];
  const launcher = spawn(
    program,
    [
      ...args,
      '--input-type=module',
      '-e',
      `const { runApart } = await import(${runModule});
       process.exitCode = await runApart(process.execPath, ['-e', ${JSON.stringify(script)}]);`,
    ],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  outputs.set(launcher, '');
  launcher.stdout?.on('data', (chunk: Buffer) => {
    outputs.set(launcher, `${outputs.get(launcher)}${chunk}`);
  });
  onTestFinished(() => {
    launcher.kill('SIGKILL');
  });
  return launcher;
}

async function said(launcher: ChildProcess, text: string): Promise<void> {
  await vi.waitFor(() => expect(outputs.get(launcher)).toContain(text), { timeout: 10_000 });
}

async function ended(launcher: ChildProcess) {
  const [code] = await once(launcher, 'close');
  return { code, output: outputs.get(launcher) };
}
