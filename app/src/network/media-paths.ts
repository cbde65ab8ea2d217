/** Which way media takes, for the badge: out of W3C webrtc-stats and the offered candidates. */
import type { IceCandidate } from '@oneport/protocol';

export interface MediaPath {
  readonly direction: 'send' | 'receive';
  readonly protocol: 'udp' | 'tcp';
  /** The server's. */
  readonly address: string;
  readonly port: number;
  /** offered: not connected yet. in-use: the selected candidate pair. */
  readonly state: 'offered' | 'in-use';
}

type Address = Pick<MediaPath, 'protocol' | 'address' | 'port'>;

/** W3C webrtc-stats; `selected` is Firefox's, from before `selectedCandidatePairId`. */
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
 * @param report - what `transport.getStats()` gave
 * @returns undefined while there is none
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
 * A number that changes whenever something has come: media, or an answer to one of ICE's checks, in
 * so far as the browser counts these (Chromium does).
 *
 * @param report - what `transport.getStats()` gave
 */
export function heardIn(report: Iterable<Stats>): number {
  let heard = 0;
  for (const { type, bytesReceived = 0, responsesReceived = 0 } of report) {
    if (type === 'candidate-pair') {
      heard += bytesReceived + responsesReceived;
    }
  }
  return heard;
}

/** Whether anything gets through by one of them. */
export function isInUse(paths: readonly MediaPath[]): boolean {
  return paths.some(({ state }) => state === 'in-use');
}

/** The paths that a transport may take, as long as it hasn't taken one. */
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
