/**
 * One of the processes of the thundering herd. It obeys its parent, a line for each command, and answers in lines. Like
 * a server of this kind it blocks while it waits, so nothing here is asynchronous.
 */
import { readSync, writeSync } from 'node:fs';
import { libcFunction } from '../../../server/src/net/libc.ts';
import { accept, closeFd, readable } from '../sockets.ts';
import { acceptAndClose } from '../traffic.ts';

/** The file descriptors that each process has from its parent. */
export const fds = {
  commands: 0,
  /** The listener that all of them have. */
  shared: 3,
  /** The same, with an accept() that blocks. */
  sharedBlocking: 4,
  /** The listener that only this process has, beside those of the others, by SO_REUSEPORT. */
  own: 5,
} as const;

/** The ways to wait for a connection. A process that blocks in accept() obeys no command after that, so it is last. */
export const waits = {
  'one listener, poll()': () => pollOn(fds.shared),
  'one listener, epoll': () => epollOn(fds.shared, 0),
  'one listener, EPOLLEXCLUSIVE': () => epollOn(fds.shared, EPOLLEXCLUSIVE),
  'SO_REUSEPORT, poll()': () => pollOn(fds.own),
  'one listener, accept()': () => blockInAccept(fds.sharedBlocking),
} as const;

export type Wait = keyof typeof waits;

/**
 * up: it has started. waiting: it blocks from now on. woken: the listener woke it, and it accepts when it is told to.
 * got, nothing: what accept() gave it. asleep: nothing had woken it when it was told to stop waiting.
 */
export type Saying = 'up' | 'waiting' | 'woken' | 'got' | 'nothing' | 'asleep';

/** Ends a process that blocks in accept() after its parent was killed. Otherwise its parent ends it. */
const maxLifetimeS = 60;

// linux/eventpoll.h. Only on x64 is there no gap before the data of a `struct epoll_event`.
const [EPOLL_CTL_ADD, EPOLLIN, EPOLLEXCLUSIVE] = [1, 1, 1 << 28];
const dataAt = process.arch === 'x64' ? 4 : 8;

const libcEpollCreate = libcFunction('int epoll_create1(int)');
const libcEpollCtl = libcFunction('int epoll_ctl(int, int, int, void *)');
const libcEpollWait = libcFunction('int epoll_wait(int, void *, int, int)');
const libcAlarm = libcFunction('unsigned int alarm(unsigned int)');

function pollOn(listener: number): void {
  say('waiting');
  acceptOnCommand(listener, readable([listener, fds.commands], -1).includes(listener));
}

/** @param flags - for the listener: EPOLLEXCLUSIVE (Linux 4.5) wakes one process instead of all */
function epollOn(listener: number, flags: number): void {
  const epoll = libcEpollCreate('epoll_create1', 0);
  const event = Buffer.alloc(16);
  for (const [fd, more] of [
    [listener, flags],
    [fds.commands, 0],
  ] as const) {
    event.writeUInt32LE(EPOLLIN | more, 0);
    event.writeInt32LE(fd, dataAt);
    libcEpollCtl('epoll_ctl', epoll, EPOLL_CTL_ADD, fd, event);
  }
  say('waiting');
  libcEpollWait('epoll_wait', epoll, event, 1, -1);
  acceptOnCommand(listener, event.readInt32LE(dataAt) === listener);
  closeFd(epoll);
}

/** Waits for the command: it comes when every process has been woken that a connection wakes. */
function acceptOnCommand(listener: number, isWoken: boolean): void {
  if (isWoken) {
    say('woken');
  }
  hear();
  if (isWoken) {
    say(acceptAndClose({ fd: listener }) ? 'got' : 'nothing');
  } else {
    say('asleep');
  }
}

function blockInAccept(listener: number): void {
  say('waiting');
  const connection = accept(listener);
  say('woken');
  hear();
  closeFd(connection ?? -1);
  say('got');
}

function say(saying: Saying): void {
  try {
    writeSync(1, `${saying}\n`);
  } catch {
    // The parent was killed.
    process.exit();
  }
}

/** @returns the parent's next line; empty when the parent is gone */
function hear(): string {
  const bytes = Buffer.alloc(64);
  // Node makes the pipe non-blocking.
  readable([fds.commands], -1);
  return bytes.toString('latin1', 0, readSync(fds.commands, bytes)).trim();
}

if (import.meta.main) {
  libcAlarm('alarm', maxLifetimeS);
  say('up');
  for (let command = hear(); command !== ''; command = hear()) {
    waits[command as Wait]();
  }
}
