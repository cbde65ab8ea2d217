import { closeCodes } from '@oneport/protocol';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { type ConnectionProblem, Connector, type Failure, retryDelay } from './connector.ts';
import type { SocketClose } from './socket.ts';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

function setUp({ answers = true } = {}) {
  const attempts: {
    resume: string | undefined;
    onClose: (close: SocketClose) => void;
    closed: boolean;
    abandoned: boolean;
  }[] = [];
  const problems: ConnectionProblem[] = [];
  const failures: Failure[] = [];
  const resumeRejected = vi.fn();
  const connector = new Connector({
    open: (resume, onClose) => {
      const attempt = { resume, onClose, closed: false, abandoned: false };
      attempts.push(attempt);
      return {
        request: () => (answers ? Promise.resolve({} as never) : new Promise(() => undefined)),
        close: () => {
          attempt.closed = true;
        },
        abandon: () => {
          attempt.abandoned = true;
        },
      };
    },
    onProblem: (problem) => problems.push(problem),
    onFailure: (failure) => failures.push(failure),
    onResumeRejected: resumeRejected,
  });
  const close = (code: number, reason = '') => attempts.at(-1)?.onClose({ code, reason });
  return { connector, attempts, problems, failures, resumeRejected, close };
}

test('retries a dropped socket with the resume secret for as long as it takes', () => {
  const { connector, attempts, problems, failures, close } = setUp();
  connector.start();
  connector.welcomed('secret');
  for (let n = 1; n <= 20; n += 1) {
    close(1006);
    expect(problems.at(-1)?.retryAt).toBeGreaterThan(Date.now());
    vi.advanceTimersByTime(10_000);
    expect(attempts).toHaveLength(n + 1);
  }
  expect(attempts.at(-1)?.resume).toBe('secret');
  expect(failures).toEqual([]);
});

test.each([
  [closeCodes.gone, 'gone'],
  [closeCodes.badFrame, 'bad-request'],
  [closeCodes.unauthorized, 'unauthorized'],
  [closeCodes.forbidden, 'forbidden'],
  [closeCodes.outdated, 'outdated'],
] as const)(
  'makes no further attempt after close code %i, and reports the reason',
  (code, kind) => {
    const { connector, attempts, failures, close } = setUp();
    connector.start();
    close(code, 'the reason of the server');
    vi.advanceTimersByTime(60_000);
    expect(attempts).toHaveLength(1);
    expect(failures).toEqual([{ kind, reason: 'the reason of the server' }]);
  },
);

test('joins as a new peer when the resume secret is rejected', () => {
  const { connector, attempts, failures, resumeRejected, close } = setUp();
  connector.start();
  connector.welcomed('old');
  close(1006);
  vi.advanceTimersByTime(10_000);
  close(closeCodes.unauthorized);
  expect(resumeRejected).toHaveBeenCalledOnce();
  vi.advanceTimersByTime(10_000);
  expect(attempts.at(-1)?.resume).toBeUndefined();
  expect(failures).toEqual([]);
});

test('retries a restarting server soon, a full one later', () => {
  const { connector, problems, close } = setUp();
  connector.start();
  close(closeCodes.restart);
  expect(problems.at(-1)).toMatchObject({ cause: 'restarting' });
  expect((problems.at(-1)?.retryAt ?? 0) - Date.now()).toBeLessThanOrEqual(200);
  vi.advanceTimersByTime(200);
  close(closeCodes.tooMany);
  expect(problems.at(-1)).toMatchObject({ cause: 'busy' });
  expect((problems.at(-1)?.retryAt ?? 0) - Date.now()).toBeGreaterThanOrEqual(400);
});

test('starts a waiting attempt at once with retryNow(), and only once', () => {
  const { connector, attempts, problems, close } = setUp();
  connector.start();
  close(1006);
  connector.retryNow();
  connector.retryNow();
  expect(attempts).toHaveLength(2);
  expect(problems.at(-1)).toEqual({
    cause: 'unreachable',
    retryAt: null,
    serverGone: false,
  });
  vi.advanceTimersByTime(60_000);
  expect(attempts).toHaveLength(2);
});

test('makes no attempt after stop()', () => {
  const { connector, attempts, close } = setUp();
  connector.start();
  connector.stop();
  expect(attempts[0]?.closed).toBe(true);
  close(1006);
  connector.reconnect('media-lost');
  vi.advanceTimersByTime(60_000);
  expect(attempts).toHaveLength(1);
});

test('replaces a socket that looks open but does not answer, and keeps the session', async () => {
  const { connector, attempts, problems } = setUp({ answers: false });
  connector.start();
  connector.welcomed('secret');
  await vi.advanceTimersByTimeAsync(60_000);
  expect(attempts.length).toBeGreaterThan(1);
  expect(attempts[0]).toMatchObject({ abandoned: true, closed: false });
  expect(attempts[1]?.resume).toBe('secret');
  expect(problems[0]).toMatchObject({ cause: 'unreachable' });
});

test('replaces the socket at once after a network change, and reports no problem', () => {
  const { connector, attempts, problems } = setUp();
  connector.start();
  connector.welcomed('secret');
  connector.replace();
  expect(attempts.map(({ resume, abandoned }) => [resume, abandoned])).toEqual([
    [undefined, true],
    ['secret', false],
  ]);
  expect(problems).toEqual([]);
});

test('keeps the socket after a network change if there is no session yet, and retries at once if there is no socket', () => {
  const { connector, attempts, close } = setUp();
  connector.start();
  connector.replace();
  expect(attempts).toHaveLength(1);
  close(1006);
  connector.replace();
  expect(attempts).toHaveLength(2);
});

test('resumes the session from before a reload, and can be stopped if that is rejected', () => {
  const { connector, attempts, resumeRejected, close } = setUp();
  resumeRejected.mockImplementation(() => connector.stop());
  connector.start('secret');
  expect(attempts[0]?.resume).toBe('secret');
  expect(connector.resumeSecret).toBe('secret');
  close(closeCodes.unauthorized);
  expect(resumeRejected).toHaveBeenCalledOnce();
  vi.advanceTimersByTime(60_000);
  expect(attempts).toHaveLength(1);
});

test('doubles the retry delay up to 10 s', () => {
  const delays = [0, 1, 2, 3, 4, 5, 50].map((attempt) => retryDelay(attempt, 'unreachable', 1));
  expect(delays).toEqual([500, 1000, 2000, 4000, 8000, 10_000, 10_000]);
});

test('spreads the retry delay over nearly the whole range, but never down to 0', () => {
  expect(retryDelay(3, 'unreachable', 0)).toBe(400);
  expect(retryDelay(3, 'unreachable', 0.5)).toBe(2200);
});

test('retries sooner after a restart, later when the server is busy', () => {
  expect(retryDelay(0, 'restarting', 1)).toBeLessThan(retryDelay(0, 'unreachable', 1));
  expect(retryDelay(0, 'busy', 1)).toBeGreaterThan(retryDelay(0, 'unreachable', 1));
});
