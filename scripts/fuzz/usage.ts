import { subjectModes } from './subject.ts';
import { targets } from './targets.ts';

export const usage = `Usage: npm run fuzz -- [options]

Sends what nobody should send to a real server with calls on it, made out of the protocol's schemas and of what
STUN, DTLS, RTP and HTTP look like, and sees after each batch that all workers live, that the server answers, that the
calls lose nothing, and at the end that nothing is left behind. All on loopback.

  --minutes N   how long, in all (1)
  --target T    only this: ${targets.map(({ name }) => name).join(', ')}
  --mode M      only this: ${subjectModes.join(', ')}
  --seed S      an earlier run's, to repeat it; with --target and --mode
  --path P      only that batch of it
  --help

What is found is shown as the smallest batch that still does it, with the command that repeats it. docs/testing.md.
`;
