import { expect, test } from 'vitest';
import { heardIn, selectedAddress } from './media-paths.ts';

const remote = { id: 'R', type: 'remote-candidate', address: '192.0.2.1', port: 44444 };

test('Chromium: the transport names the pair', () => {
  const report = [
    { id: 'T', type: 'transport', selectedCandidatePairId: 'P2' },
    { id: 'P1', type: 'candidate-pair', remoteCandidateId: 'other', nominated: true },
    { id: 'P2', type: 'candidate-pair', remoteCandidateId: 'R' },
    { ...remote, protocol: 'udp' },
  ];
  expect(selectedAddress(report)).toEqual({ protocol: 'udp', address: '192.0.2.1', port: 44444 });
});

test('Firefox: the pair itself says that it is selected', () => {
  const report = [
    { id: 'P', type: 'candidate-pair', remoteCandidateId: 'R', selected: true },
    { ...remote, protocol: 'tcp' },
  ];
  expect(selectedAddress(report)?.protocol).toBe('tcp');
});

test('before a pair is selected there is no address', () => {
  expect(selectedAddress([])).toBeUndefined();
  expect(selectedAddress([{ id: 'T', type: 'transport' }, remote])).toBeUndefined();
});

test('media and answers to ICE’s checks are heard, what is sent is not', () => {
  const pair = { id: 'P', type: 'candidate-pair', bytesReceived: 100, responsesReceived: 3 };
  const heard = heardIn([pair]);
  expect(heardIn([{ ...pair, bytesSent: 1 } as typeof pair])).toBe(heard);
  expect(heardIn([{ ...pair, bytesReceived: 101 }])).toBeGreaterThan(heard);
  expect(heardIn([{ ...pair, responsesReceived: 4 }])).toBeGreaterThan(heard);
  expect(heardIn([])).toBe(0);
});
