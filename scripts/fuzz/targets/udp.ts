import fc from 'fast-check';
import { FuzzTransport } from '../fuzz-transport.ts';
import { target } from '../target.ts';
import { build, datagram } from '../values/datagram.ts';
import { transportPlan } from '../values/transport-plan.ts';

const batch = fc.record({
  transport: transportPlan,
  datagrams: fc.array(
    fc.record({ datagram, from: fc.constantFrom('known', 'known', 'stranger', 'innocent') }),
    // So few that a socket's usual buffer takes them, with the calls' own.
    { maxLength: 30, size: 'max' },
  ),
});

/** Datagrams to the media port: from nobody's address, a participant's, and forged ones. */
export const udp = target('udp', batch, async (subject, { transport: plan, datagrams }) => {
  const transport = await FuzzTransport.open(subject, plan);
  if (!transport) {
    return subject.count('not let in');
  }
  const sockets = {
    known: await transport.knownSocket(),
    stranger: await transport.strangersSocket(),
  };
  for (const { datagram, from } of datagrams) {
    const bytes = build(datagram, transport.credentials);
    if (from === 'innocent') {
      subject.innocents.forge(bytes);
    } else {
      sockets[from].send(bytes);
    }
    subject.count(`${datagram.kind} from ${from}`);
  }
  // The port's own order: when this is answered, all that came before has been dealt with.
  await sockets.known.check(transport.credentials.own);
  for (const [from, socket] of Object.entries(sockets)) {
    for (const { length } of socket.received) {
      subject.count(length > 0 ? `answers to ${from}` : 'empty');
    }
    await socket.close();
  }
  await transport.close();
});
