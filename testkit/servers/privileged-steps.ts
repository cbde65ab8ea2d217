/**
 * The program that privileges.test.ts runs with different privileges. It does what shared-port asks of
 * the kernel, step by step, and prints the result of each.
 *
 * Arguments: a free port; a free port below 1024; `keep`, or `drop` to give up root after loading; and
 * processes to copy a file descriptor from, each as name=pid.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { SystemCallError } from '../../server/src/net/libc.ts';
import { createMaps, loadProgram } from '../../server/src/ports/shared-port/steering/bpf.ts';
import { readBpfObject } from '../../server/src/ports/shared-port/steering/bpf-object.ts';
import { Steering } from '../../server/src/ports/shared-port/steering/steering.ts';
import { bindToGroup, copyFd } from '../../server/src/ports/shared-port/steering/system-calls.ts';
import { becomeUser } from '../../server/src/run-as-user.ts';
import { nobody } from '../system/restricted.ts';

const [port, lowPort, rights, ...others] = process.argv.slice(2);
const results: Record<string, string> = {};

function step<T>(name: string, run: () => T): T | undefined {
  try {
    const result = run();
    results[name] = 'ok';
    return result;
  } catch (error) {
    results[name] = error instanceof SystemCallError ? error.code : (error as Error).name;
    return undefined;
  }
}

const object = readBpfObject(
  readFileSync(new URL('../../server/src/ports/shared-port/steering/steer.bpf.o', import.meta.url)),
  'sk_reuseport',
);
/** `r0 = 1; exit`: without maps, so that it can be loaded where maps cannot be created. */
const smallest = Buffer.from('b7000000010000009500000000000000', 'hex');
const loopback = Buffer.from([127, 0, 0, 1]);

step('make maps', () => createMaps(object, ['tuples', 'sockets', 'counters']));
step('load a program', () => loadProgram('smallest', smallest, 'GPL'));
const steering = step('load ours', () => Steering.load([{ ip: '127.0.0.1', port: Number(port) }]));
if (rights === 'drop') {
  const needed = { folder: import.meta.dirname, program: process.execPath };
  becomeUser({ name: 'nobody', uid: nobody, gid: nobody, groups: [] }, needed);
  step('make maps, afterwards', () => createMaps(object, ['tuples', 'sockets', 'counters']));
}
step('bind', () => bindToGroup(loopback, Number(port)));
step('bind below 1024', () => bindToGroup(loopback, Number(lowPort)));
if (steering) {
  step('attach the program', () => steering.open());
  step('change maps', () => steering.addTransport(0, 'x'.repeat(32)).close());
}
const child = spawn('sleep', ['60']);
await once(child, 'spawn');
step('copy from a child', () => copyFd(child.pid ?? 0, 0));
child.kill();
for (const other of others) {
  const [name, pid] = other.split('=');
  step(`copy from ${name}`, () => copyFd(Number(pid), 0));
}
console.log(JSON.stringify(results));
