import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, test } from 'vitest';
import { heapBytes, parseRequest } from './request.ts';

setFlagsFromString('--expose-gc');
const collectGarbage: () => void = runInNewContext('gc');

/** Bytes of heap for each of many copies of a value. */
function measured(json: string): number {
  const count = Math.ceil(10_000_000 / (json.length * 10));
  const kept: unknown[] = new Array(count);
  collectGarbage();
  const before = process.memoryUsage().heapUsed;
  for (let n = 0; n < count; n++) {
    kept[n] = JSON.parse(json);
  }
  collectGarbage();
  const bytes = (process.memoryUsage().heapUsed - before) / count;
  expect(kept).toHaveLength(count);
  return bytes;
}

test.each([
  ['empty objects', JSON.stringify(Array(1000).fill({}))],
  ['small objects', JSON.stringify(Array(1000).fill({ type: 'nack', parameter: 'pli' }))],
  ['numbers', JSON.stringify({ codecs: Array(1000).fill([1, 2, 3]) })],
  ['ids', JSON.stringify(Array.from({ length: 1000 }, () => crypto.randomUUID()))],
  ['a long text', JSON.stringify({ text: '的'.repeat(5000) })],
])('the heap that %s take is not underestimated by half, nor overestimated by far', (_, json) => {
  const ratio = heapBytes(JSON.parse(json)) / measured(json);
  expect(ratio).toBeGreaterThan(0.5);
  expect(ratio).toBeLessThan(4);
});

test('drops unknown members, and keeps no long text for a small part of it', () => {
  const empty = Object.fromEntries(Array.from({ length: 1000 }, (_, n) => [`x-${n}`, {}]));
  const rtpParameters = {
    codecs: [{ mimeType: 'audio/opus', payloadType: 100, clockRate: 48000 }],
  };
  const valid = parseRequest('produce', {
    transportId: crypto.randomUUID(),
    producerId: crypto.randomUUID(),
    kind: 'audio',
    source: 'microphone',
    rtpParameters: { ...rtpParameters, ...empty },
  });
  expect(valid.data).toMatchObject({ rtpParameters });
  expect(heapBytes(valid.data)).toBeLessThan(2000);
  // V8's trim() keeps the whole text.
  const spaces = ' '.repeat(100_000);
  expect(() => parseRequest('sendChatMessage', { text: `hello, everyone${spaces}` })).toThrow(
    'text',
  );
});
