import { arch } from 'node:process';
import { ownCall } from './libc.ts';

const EPOLL_CTL_ADD = 1;
const EPOLLIN = 1;
const EPOLLEXCLUSIVE = 1 << 28;

/** `struct epoll_event`: on x86-64 alone there is no gap before its data (linux/eventpoll.h). */
const dataAt = arch === 'x64' ? 4 : 8;

/**
 * Linux's epoll over file descriptors, level-triggered.
 *
 * @param shared - The descriptor that other processes wait for as well.
 * @param exclusive - Whether only one of them is to be woken (EPOLLEXCLUSIVE, Linux 4.5).
 */
export function makeEpoll(shared: number, own: number, { exclusive }: { exclusive: boolean }) {
  const epoll = ownCall('int epoll_create1(int)')(0);
  const control = ownCall('int epoll_ctl(int, int, int, void *)');
  const wait = ownCall('int epoll_wait(int, void *, int, int)');

  control(epoll, EPOLL_CTL_ADD, shared, event(shared, exclusive ? EPOLLEXCLUSIVE : 0));
  control(epoll, EPOLL_CTL_ADD, own, event(own, 0));

  return {
    fd: epoll,
    /** Blocks. @returns A descriptor that can be read. */
    wait(): number {
      const ready = Buffer.alloc(16);

      wait(epoll, ready, 1, -1);

      return ready.readInt32LE(dataAt);
    },
  };
}

function event(fd: number, flags: number): Buffer {
  const bytes = Buffer.alloc(16);

  bytes.writeUInt32LE(EPOLLIN | flags, 0);
  bytes.writeInt32LE(fd, dataAt);

  return bytes;
}
