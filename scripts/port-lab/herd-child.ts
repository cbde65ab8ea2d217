// One of the processes of experiments/herd.ts. It does what the parent says, a line for a line, and blocks
// meanwhile, as a server of this kind does: nothing here is asynchronous.

import { readSync, writeSync } from 'node:fs';
import { makeEpoll } from './epoll.ts';
import { herdFds, says, type Wait } from './herd-protocol.ts';
import { call, ownCall } from './libc.ts';
import { acceptFrom, readable } from './socket.ts';

/** The parent ends us by our process id. This is for a parent that was killed while we block in accept(). */
const longestLifeS = 60;

const waysToWait: Record<Wait, () => void> = {
  'shared poll': () => pollFor(herdFds.shared),
  'own poll': () => pollFor(herdFds.own),
  'shared epoll': () => epollFor(herdFds.shared, { exclusive: false }),
  'shared epoll exclusive': () => epollFor(herdFds.shared, { exclusive: true }),
  'shared accept': () => blockInAccept(herdFds.sharedBlocking),
};

function pollFor(listener: number): void {
  say(says.waiting);
  answer(listener, readable([listener, herdFds.commands], -1).includes(listener));
}

function epollFor(listener: number, how: { exclusive: boolean }): void {
  const epoll = makeEpoll(listener, herdFds.commands, how);

  say(says.waiting);
  answer(listener, epoll.wait() === listener);
  call('close', epoll.fd);
}

/** Accepts when the parent says so: only then has everybody been woken who will be. */
function answer(listener: number, isWoken: boolean): void {
  if (isWoken) {
    say(says.woken);
  }
  hear();
  if (!isWoken) {
    say(says.asleep);

    return;
  }

  const connection = acceptFrom(listener);

  if (connection !== undefined) {
    call('close', connection);
  }
  say(connection === undefined ? says.nothing : says.got);
}

function blockInAccept(listener: number): void {
  say(says.waiting);

  const connection = call('accept', listener, null, null);

  say(says.woken);
  hear();
  call('close', connection);
  say(says.got);
}

function say(line: string): void {
  try {
    writeSync(1, `${line}\n`);
  } catch {
    // The parent was killed, so nobody waits for us.
    process.exit();
  }
}

/** @returns The parent's next line; empty when the parent has gone. */
function hear(): string {
  const bytes = Buffer.alloc(64);

  // Node makes the pipe so that reading it doesn't block.
  readable([herdFds.commands], -1);

  return bytes.toString('latin1', 0, readSync(herdFds.commands, bytes)).trim();
}

ownCall('unsigned int alarm(unsigned int)')(longestLifeS);
say(says.up);
for (let command = hear(); command !== ''; command = hear()) {
  waysToWait[command as Wait]();
}
