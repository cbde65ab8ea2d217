/** Detects a socket that is dead but still looks open, for example after sleep or a network change. */

/** Milliseconds. */
const interval = 10_000;
const timeout = 5_000;

export interface HeartbeatOptions {
  /** Sends a request; any answer will do, an error too. */
  ping: () => Promise<unknown>;
  /** No answer came in time. Called at most once. */
  onDead: () => void;
}

export interface Heartbeat {
  /** Pings at once, because there is a reason for doubt. */
  beat(): void;
  stop(): void;
}

/** Pings every 10 s, and expects an answer within 5 s. */
export function startHeartbeat({ ping, onDead }: HeartbeatOptions): Heartbeat {
  let timer: ReturnType<typeof setTimeout>;
  let stopped = false;
  let waiting = false;
  const after = (milliseconds: number, then: () => void) => {
    clearTimeout(timer);
    timer = setTimeout(then, milliseconds);
  };
  const stop = () => {
    stopped = true;
    clearTimeout(timer);
  };
  const onAnswer = () => {
    waiting = false;
    if (!stopped) {
      after(interval, beat);
    }
  };
  const beat = () => {
    if (stopped || waiting) {
      return;
    }
    waiting = true;
    after(timeout, () => {
      stop();
      onDead();
    });
    // A closed socket rejects the ping as well, but its owner learns that from the socket.
    ping().then(onAnswer, onAnswer);
  };
  after(interval, beat);
  return { beat, stop };
}
