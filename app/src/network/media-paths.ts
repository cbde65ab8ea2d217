/** The paths that media takes, from W3C webrtc-stats and the offered candidates. */
import type { IceCandidate } from '@oneport/protocol';

export interface MediaPath {
  readonly direction: 'send' | 'receive';
  readonly protocol: 'udp' | 'tcp';
  /** The server's address. */
  readonly address: string;
  readonly port: number;
  /** offered: not connected yet. in-use: the selected candidate pair. */
  readonly state: 'offered' | 'in-use';
}

type Address = Pick<MediaPath, 'protocol' | 'address' | 'port'>;

/** W3C webrtc-stats. Firefox has `selected` instead of `selectedCandidatePairId`. */
interface Stats {
  readonly id: string;
  readonly type: string;
  readonly selectedCandidatePairId?: string;
  readonly remoteCandidateId?: string;
  readonly selected?: boolean;
  readonly nominated?: boolean;
  readonly state?: string;
  readonly address?: string;
  readonly ip?: string;
  readonly port?: number;
  readonly protocol?: string;
  readonly bytesReceived?: number;
  readonly responsesReceived?: number;
}

/**
 * The server's end of the selected candidate pair.
 *
 * @param report - the result of `transport.getStats()`
 * @returns undefined while no pair is selected
 */
export function selectedAddress(report: Iterable<Stats>): Address | undefined {
  const all = new Map(Array.from(report, (stats) => [stats.id, stats] as const));
  const list = [...all.values()];
  const pairId = list.find(({ type }) => type === 'transport')?.selectedCandidatePairId;
  const pair =
    (pairId === undefined ? undefined : all.get(pairId)) ??
    list.find(({ type, selected }) => type === 'candidate-pair' && selected) ??
    list.find(
      ({ type, nominated, state }) =>
        type === 'candidate-pair' && nominated && state === 'succeeded',
    );
  const remote = all.get(pair?.remoteCandidateId ?? '');
  const address = remote?.address ?? remote?.ip;
  if (!remote || address === undefined || remote.port === undefined) {
    return undefined;
  }
  return {
    protocol: remote.protocol?.toLowerCase() === 'tcp' ? 'tcp' : 'udp',
    address,
    port: remote.port,
  };
}

/**
 * A number that changes whenever something is received: media, or the answer to an ICE check where the browser counts
 * those (Chromium does).
 *
 * @param report - the result of `transport.getStats()`
 */
export function receivedCount(report: Iterable<Stats>): number {
  let count = 0;
  for (const { type, bytesReceived = 0, responsesReceived = 0 } of report) {
    if (type === 'candidate-pair') {
      count += bytesReceived + responsesReceived;
    }
  }
  return count;
}

/** Whether media gets through on one of them. */
export function isInUse(paths: readonly MediaPath[]): boolean {
  return paths.some(({ state }) => state === 'in-use');
}

/** The paths that a transport may take before one is selected. */
export function offeredPaths(
  direction: MediaPath['direction'],
  candidates: readonly IceCandidate[],
): MediaPath[] {
  return candidates.map(({ protocol, address, port }) => ({
    direction,
    protocol,
    address,
    port,
    state: 'offered',
  }));
}
