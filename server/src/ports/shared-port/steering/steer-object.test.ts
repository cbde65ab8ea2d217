import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { readBpfObject } from './bpf-object.ts';

// `npm run steering -- try-kernel` tests on these kernels; CI does not run on them.
test('has no loop, which Linux 5.10, 6.1 and 6.12 reject with CAP_BPF alone', () => {
  const object = readFileSync(new URL('steer.bpf.o', import.meta.url));
  const { instructions } = readBpfObject(object, 'sk_reuseport');
  expect(loopIn(instructions)).toBeUndefined();

  const [backToItself, exit] = [
    Buffer.from('05 00 ff ff 00000000'.replaceAll(' ', ''), 'hex'),
    0x95,
  ];
  expect(loopIn(backToItself)).toBe(0);
  expect(loopIn(Buffer.of(exit, 0, 0, 0, 0, 0, 0, 0))).toBeUndefined();
});

/** @returns an instruction that can be reached from itself; undefined: there is none */
function loopIn(program: Buffer): number | undefined {
  const done = new Set<number>();
  const path = new Set<number>();
  const todo = [0];
  for (;;) {
    const at = todo.at(-1);
    if (at === undefined) {
      return undefined;
    }
    if (path.has(at)) {
      // All its successors have been visited.
      path.delete(at);
      done.add(at);
    }
    if (done.has(at)) {
      todo.pop();
      continue;
    }
    path.add(at);
    const next = successors(program, at);
    const loop = next.find((one) => path.has(one));
    if (loop !== undefined) {
      return loop;
    }
    todo.push(...next);
  }
}

/** See the kernel's Documentation/bpf/standardization/instruction-set.rst. */
function successors(program: Buffer, at: number): number[] {
  const [call, exit, goto, load64] = [0x85, 0x95, 0x05, 0x18];
  const opcode = program.readUInt8(at * 8);
  const next = at + (opcode === load64 ? 2 : 1);
  if (opcode === exit) {
    return [];
  }
  // The classes JMP and JMP32.
  if (![0x05, 0x06].includes(opcode & 7) || opcode === call) {
    return [next];
  }
  const target = at + 1 + program.readInt16LE(at * 8 + 2);
  return opcode === goto ? [target] : [next, target];
}
