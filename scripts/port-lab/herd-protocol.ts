/** How a process of the herd waits for a connection. */
export const waits = [
  'shared poll',
  'shared epoll',
  'shared epoll exclusive',
  'own poll',
  // The last: a process that blocks in accept() hears no command any more.
  'shared accept',
] as const;

export type Wait = (typeof waits)[number];

/** What a process says, a line each. */
export const says = {
  up: 'up',
  /** It blocks from now on. */
  waiting: 'waiting',
  /** The listener woke it; it accepts when it is told to. */
  woken: 'woken',
  got: 'got',
  nothing: 'nothing',
  /** It was told to stop waiting, and nothing had woken it. */
  asleep: 'asleep',
} as const;

/** The file descriptors that each process has from its parent. */
export const herdFds = {
  commands: 0,
  /** The listener that all have. */
  shared: 3,
  /** The same, with accept() that blocks. */
  sharedBlocking: 4,
  /** The listener that this process alone has, beside those of the others, by SO_REUSEPORT. */
  own: 5,
} as const;
