/** Watches a transport's connection: tries an ICE restart first, and then gives it up. */
import type { types } from 'mediasoup-client';

/** ICE often recovers by itself from `disconnected` (W3C WebRTC, RTCIceTransportState). */
const patience = 3_000;
const restartTimeout = 8_000;

/** What is watched of a mediasoup-client Transport. */
export interface Watched {
  readonly connectionState: types.ConnectionState;
  on(event: 'connectionstatechange', listener: (state: types.ConnectionState) => void): unknown;
}

export interface IceWatchOptions {
  /** Gets new ICE parameters from the server and applies them. */
  restartIce: () => Promise<void>;
  /** Nothing helped: the transport is of no use any more. Called at most once. */
  onLost: () => void;
}

/**
 * @param transport - a mediasoup-client Transport
 * @returns ends the watch
 */
export function watchIce(transport: Watched, options: IceWatchOptions): () => void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let phase: 'well' | 'waiting' | 'restarting' | 'over' = 'well';

  const after = (milliseconds: number, then: () => void) => {
    clearTimeout(timer);
    timer = setTimeout(then, milliseconds);
  };
  const stop = () => {
    clearTimeout(timer);
    phase = 'over';
  };
  const lost = () => {
    if (phase === 'over') return;
    stop();
    options.onLost();
  };
  const restart = () => {
    phase = 'restarting';
    after(restartTimeout, lost);
    options.restartIce().catch((error: unknown) => {
      console.warn('ICE restart failed', error);
      lost();
    });
  };

  transport.on('connectionstatechange', (state) => {
    if (phase === 'over') return;
    if (state === 'connected') {
      clearTimeout(timer);
      phase = 'well';
    } else if (state === 'disconnected' && phase === 'well') {
      phase = 'waiting';
      after(patience, restart);
    } else if (state === 'failed' && (phase === 'well' || phase === 'waiting')) {
      restart();
    }
  });
  return stop;
}
