import { expect, test } from 'vitest';
import { ReceiveDrops } from './receive-drops.ts';

const socket = (inode: number, drops: number) => ({
  ip: '127.0.0.1',
  port: 44444,
  queuedBytes: 0,
  inode,
  drops,
});

test('never decreases while sockets open, close, are missing once, and inodes are reused', () => {
  const drops = new ReceiveDrops();
  const totals = [
    [socket(1, 0), socket(2, 5)],
    [socket(1, 3), socket(2, 5)],
    [socket(2, 6)],
    [socket(1, 4), socket(2, 6)],
    [socket(1, 4), socket(2, 1)],
    [],
  ].map((sockets) => {
    drops.update(sockets);
    return drops.total;
  });
  expect(totals).toEqual([5, 8, 9, 10, 11, 11]);
});
