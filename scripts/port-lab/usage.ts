export const usage = `Usage: npm run port-lab [-- options]

May two sockets share a port, and who gets the traffic? Runs the experiments behind the last section of the document
that oneport began with, on this kernel, in seconds, and says for each of its sentences whether it holds here.

  --json    the tables and verdicts as JSON
  --help

Linux, macOS and FreeBSD. Everything stays on loopback; as root in Linux, in a network namespace of its own. Some
experiments are skipped, saying so: the one with another user's process takes root, the one with mediasoup takes a
worker (npm run worker gets it).

docs/port-reuse.md explains the results.
`;
