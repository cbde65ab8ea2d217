import fc from 'fast-check';
import { FuzzTransport } from '../fuzz-transport.ts';
import { sendRaw } from '../raw-connection.ts';
import { target } from '../target.ts';
import { build, datagram } from '../values/datagram.ts';
import { httpBytes } from '../values/http.ts';
import { rawPlan } from '../values/raw-plan.ts';
import { transportPlan } from '../values/transport-plan.ts';

/** RFC 4571, 2: two bytes that say how long what follows is. */
const frame = fc.record({
  datagram,
  lie: fc.oneof(
    { weight: 9, arbitrary: fc.constant(0) },
    { weight: 1, arbitrary: fc.integer({ min: -300, max: 0xffff }) },
  ),
});

const connection = fc.record({
  /** Of a port that has both: not only what it is for. */
  before: fc.oneof(
    { weight: 8, arbitrary: fc.constant('') },
    { weight: 1, arbitrary: httpBytes },
    // A TLS record's beginning (RFC 8446, 5.1).
    { weight: 1, arbitrary: fc.string({ maxLength: 100 }).map((rest) => `\x16\x03\x01${rest}`) },
  ),
  frames: fc.array(frame, { maxLength: 10, size: 'max' }),
  plan: rawPlan,
});

const batch = fc.record({
  transport: transportPlan,
  connections: fc.array(connection, { minLength: 1, maxLength: 8, size: 'max' }),
});

/** Connections to the media port: frames of RFC 4571, true and false, cut anywhere, and what else may come. */
export const tcp = target('tcp', batch, async (subject, { transport: plan, connections }) => {
  const transport = await FuzzTransport.open(subject, plan);
  if (!transport) {
    return subject.count('not let in');
  }
  await Promise.all(
    connections.map(async ({ before, frames, plan }) => {
      const bytes = frames.map(({ datagram, lie }) => {
        const content = build(datagram, transport.credentials);
        const length = Buffer.alloc(2);
        length.writeUInt16BE((content.length + lie) & 0xffff);
        return Buffer.concat([length, content]);
      });
      const answer = await sendRaw(
        transport,
        Buffer.concat([Buffer.from(before, 'latin1'), ...bytes]),
        plan,
      );
      subject.count(answer.length > 0 ? 'connections with an answer' : 'connections without');
    }),
  );
  await transport.close();
});
