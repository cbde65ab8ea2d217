import { expect, test } from 'vitest';
import { receivedCount, selectedAddress } from './media-paths.ts';

const remote = { id: 'R', type: 'remote-candidate', address: '192.0.2.1', port: 44444 };

test('reads the selected pair from the transport (Chromium)', () => {
  const report = [
    { id: 'T', type: 'transport', selectedCandidatePairId: 'P2' },
    { id: 'P1', type: 'candidate-pair', remoteCandidateId: 'other', nominated: true },
    { id: 'P2', type: 'candidate-pair', remoteCandidateId: 'R' },
    { ...remote, protocol: 'udp' },
  ];
  expect(selectedAddress(report)).toEqual({ protocol: 'udp', address: '192.0.2.1', port: 44444 });
});

test('reads the selected pair from the pair itself (Firefox)', () => {
  const report = [
    { id: 'P', type: 'candidate-pair', remoteCandidateId: 'R', selected: true },
    { ...remote, protocol: 'tcp' },
  ];
  expect(selectedAddress(report)?.protocol).toBe('tcp');
});

test('has no address before a pair is selected', () => {
  expect(selectedAddress([])).toBeUndefined();
  expect(selectedAddress([{ id: 'T', type: 'transport' }, remote])).toBeUndefined();
});

test('counts received media and answers to ICE checks, but nothing that was sent', () => {
  const pair = { id: 'P', type: 'candidate-pair', bytesReceived: 100, responsesReceived: 3 };
  const count = receivedCount([pair]);
  expect(receivedCount([{ ...pair, bytesSent: 1 } as typeof pair])).toBe(count);
  expect(receivedCount([{ ...pair, bytesReceived: 101 }])).toBeGreaterThan(count);
  expect(receivedCount([{ ...pair, responsesReceived: 4 }])).toBeGreaterThan(count);
  expect(receivedCount([])).toBe(0);
});
