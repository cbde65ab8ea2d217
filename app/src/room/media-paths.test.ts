import { expect, test } from 'vitest';
import { selectedAddress } from './media-paths.ts';

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
