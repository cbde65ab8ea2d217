import { expect, test } from 'vitest';
import { LineWriter, maxWaitingBytes } from './standard-output.ts';

type Done = (code: string | null, written?: number) => void;

/** A target whose writes the test finishes, in order. */
function heldTarget() {
  const writes: { text: string; done: Done }[] = [];
  const writer = new LineWriter({
    write: (chunk, done) =>
      writes.push({
        text: String(chunk),
        done: (code, written = code ? 0 : chunk.length) =>
          done(code ? Object.assign(new Error(code), { code }) : null, written),
      }),
  });
  return { writer, writes, last: () => writes.at(-1) ?? expect.unreachable() };
}

test('lines that come during a write follow it in one write', async () => {
  const { writer, writes, last } = heldTarget();
  for (const line of ['a\n', 'b\n', 'c\n']) {
    writer.write(line);
  }
  last().done(null);
  expect(writes.map(({ text }) => text)).toEqual(['a\n', 'b\nc\n']);
  const flushed = writer.flush(60_000);
  last().done(null);
  await flushed;
  expect(writer.dropped).toBe(0);
});

test('a target that takes nothing costs a bounded amount of memory, and flush() ends', async () => {
  const { writer, writes, last } = heldTarget();
  const line = `${'x'.repeat(1023)}\n`;
  const recovered: number[] = [];
  writer.onRecovery = (lines) => recovered.push(lines);
  for (let i = 0; i < maxWaitingBytes / line.length + 5; i++) {
    writer.write(line);
  }
  expect(writer.dropped).toBe(5);
  await writer.flush(1);
  last().done(null);
  expect(recovered).toEqual([5]);
  expect(writes.map(({ text }) => text.length)).toEqual([1024, maxWaitingBytes - 1024]);
});

test('lines of a failed write are dropped, and a line that was cut is ended', () => {
  const { writer, writes, last } = heldTarget();
  writer.write('first\n');
  writer.write('second\n');
  writer.write('third\n');
  last().done(null);
  // The disk has room for a part, then for nothing, then for everything.
  last().done(null, 9);
  last().done('ENOSPC');
  expect(writer.dropped).toBe(1);
  writer.write('fourth\n');
  expect(writes.map(({ text }) => text)).toEqual([
    'first\n',
    'second\nthird\n',
    'ird\n',
    '\nfourth\n',
  ]);
});

test('a full pipe gets the rest of its chunk later', async () => {
  const { writer, writes, last } = heldTarget();
  writer.write('line\n');
  last().done('EAGAIN');
  await expect.poll(() => writes.map(({ text }) => text)).toEqual(['line\n', 'line\n']);
  expect(writer.dropped).toBe(0);
});
