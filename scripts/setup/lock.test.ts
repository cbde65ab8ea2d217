import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { temporaryFolder } from '../../testkit/system/temporary-folder.ts';

const here = import.meta.dirname;

test('one of several processes is inside at a time', async () => {
  const folder = temporaryFolder();
  const file = join(folder, 'trace');
  const script = `
    const { withLock } = await import(${url('lock.mjs')});
    const { appendFileSync } = await import('node:fs');
    for (let round = 0; round < 5; round++) {
      await withLock('the subject', async () => {
        appendFileSync(${JSON.stringify(file)}, 'in ');
        await new Promise((resolve) => setTimeout(resolve, 5));
        appendFileSync(${JSON.stringify(file)}, 'out ');
      });
    }`;
  const processes = [1, 2, 3].map(() => run(script, folder));
  for (const child of processes) {
    expect(await ended(child)).toBe(0);
  }
  expect(readFileSync(file, 'utf8')).toBe('in out '.repeat(15));
});

test('a lock whose holder was killed is taken over', async () => {
  const folder = temporaryFolder();
  const holder = run(holding('new Promise(() => setInterval(() => {}, 1000))'), folder);
  await said(holder, 'inside');
  holder.kill('SIGKILL');
  await ended(holder);
  const next = run(holding('undefined'), folder);
  await said(next, 'inside');
  expect(await ended(next)).toBe(0);
});

test('a child of a killed holder keeps the lock until it ends', async () => {
  const folder = temporaryFolder();
  const holder = run(
    holding(`(async () => {
      const { heldLocks } = await import(${url('lock.mjs')});
      const { spawn } = await import('node:child_process');
      // It ends when the test closes the pipe.
      spawn(process.execPath, ['-e', 'process.stdin.resume()'], {
        stdio: [3, 'ignore', 'ignore', ...heldLocks],
      });
      console.log('child');
      await new Promise(() => setInterval(() => {}, 1000));
    })()`),
    folder,
  );
  await said(holder, 'child');
  holder.kill('SIGKILL');
  await once(holder, 'exit');
  const next = run(holding('undefined'), folder);
  await said(next, 'waiting for another oneport');
  pipeOf(holder).end();
  await said(next, 'inside');
  expect(await ended(next)).toBe(0);
});

function holding(work: string): string {
  return `
    const { withLock } = await import(${url('lock.mjs')});
    await withLock('the subject', async () => { console.log('inside'); await ${work}; });`;
}

function url(file: string): string {
  return JSON.stringify(join(here, file));
}

function run(script: string, cache: string): ChildProcess {
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
    env: { ...process.env, ONEPORT_CACHE: cache },
    stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
  });
  onTestFinished(() => {
    child.kill('SIGKILL');
    pipeOf(child).destroy();
  });
  return child;
}

function pipeOf(child: ChildProcess) {
  const pipe = child.stdio[3];
  if (!pipe || !('end' in pipe)) {
    throw new Error('no pipe');
  }
  return pipe;
}

async function said(child: ChildProcess, text: string): Promise<void> {
  let output = '';
  await new Promise<void>((resolve, reject) => {
    for (const stream of [child.stdout, child.stderr]) {
      stream?.on('data', (chunk: Buffer) => {
        output += chunk;
        if (output.includes(text)) {
          resolve();
        }
      });
    }
    child.once('close', () => reject(new Error(`ended without saying ${text}: ${output}`)));
  });
}

async function ended(child: ChildProcess): Promise<number | null> {
  if (child.exitCode === null && child.signalCode === null) {
    await once(child, 'exit');
  }
  return child.exitCode;
}
