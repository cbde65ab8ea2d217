/** Finds out that a socket is dead which still seems open: after sleep, or when the network has changed. */

/** Milliseconds. */
const every = 10_000;
const answerWithin = 5_000;

export interface HeartbeatOptions {
  /** Asks the server for any answer. */
  ping: () => Promise<unknown>;
  /** No answer came in time. Called at most once. */
  onDead: () => void;
}

export interface Heartbeat {
  /** Asks at once, since there is a reason for doubt. */
  beat(): void;
  stop(): void;
}

/** Asks every 10 s, and wants an answer within 5 s. */
export function startHeartbeat({ ping, onDead }: HeartbeatOptions): Heartbeat {
  let timer: ReturnType<typeof setTimeout>;
  let over = false;
  let waiting = false;
  const after = (milliseconds: number, then: () => void) => {
    clearTimeout(timer);
    timer = setTimeout(then, milliseconds);
  };
  const stop = () => {
    over = true;
    clearTimeout(timer);
  };
  const answered = () => {
    waiting = false;
    if (!over) {
      after(every, beat);
    }
  };
  const beat = () => {
    if (over || waiting) {
      return;
    }
    waiting = true;
    after(answerWithin, () => {
      stop();
      onDead();
    });
    // An error is an answer too; that the socket has gone is told elsewhere.
    ping().then(answered, answered);
  };
  after(every, beat);
  return { beat, stop };
}
