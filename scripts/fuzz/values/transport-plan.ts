import fc from 'fast-check';
import type { FuzzTransportPlan } from '../fuzz-transport.ts';

export const transportPlan: fc.Arbitrary<FuzzTransportPlan> = fc.record({
  direction: fc.constantFrom('send', 'recv'),
  dtlsRole: fc.constantFrom('auto', 'client', 'server', null),
});
