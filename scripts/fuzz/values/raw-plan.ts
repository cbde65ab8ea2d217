import fc from 'fast-check';
import type { RawConnectionPlan } from '../raw-connection.ts';

/** Cut anywhere, and ended in any way. */
export const rawPlan: fc.Arbitrary<RawConnectionPlan> = fc.record({
  segments: fc.oneof(
    fc.constant<number[]>([]),
    fc.array(fc.integer({ min: 1, max: 40 }), { maxLength: 12 }),
  ),
  end: fc.constantFrom('fin', 'fin', 'wait', 'reset'),
});
