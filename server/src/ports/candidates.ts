/** What peers are told of mediasoup's candidates: further addresses, and the port outside. */
import type { types } from 'mediasoup';
import type { Listening } from './port-map.ts';

/** One less in a candidate's local preference, for a host candidate of component 1 (RFC 8445, 5.1.2.1). */
const preferenceStep = 2 ** 8;

/**
 * The candidates that peers are given: one for each address and port that they are told.
 *
 * @param candidates - mediasoup's, one for each protocol and listening address
 * @param listeningOf - where such a one is received, and what peers are told in its stead
 * @returns in mediasoup's order; further addresses follow the first, each a step less preferred.
 *   mediasoup's own candidates are 100 steps apart
 */
export function candidatesFor(
  candidates: types.IceCandidate[],
  listeningOf: (candidate: types.IceCandidate) => Listening,
): types.IceCandidate[] {
  const told = candidates.flatMap((candidate) =>
    listeningOf(candidate).announced.map(({ address, port }, i) => ({
      ...candidate,
      address,
      ip: address,
      port,
      priority: candidate.priority - i * preferenceStep,
    })),
  );
  // A foundation for each address (RFC 8445, 5.1.1.3). mediasoup's is the same for all of a protocol's, and of one
  // foundation a browser that follows 6.1.2.6, as Firefox does, checks only the first pair at once.
  const addresses = [...new Set(told.map(({ address }) => address))];
  return told.map((candidate) => ({
    ...candidate,
    foundation: `${candidate.foundation}${addresses.indexOf(candidate.address)}`,
  }));
}
