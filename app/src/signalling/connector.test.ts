import { closeCodes } from '@oneport/protocol';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Connector, type Failure, type Trouble } from './connector.ts';
import type { SocketEnd } from './socket.ts';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

function setUp({ answers = true } = {}) {
  const attempts: {
    resume: string | undefined;
    end: (end: SocketEnd) => void;
    closed: boolean;
    abandoned: boolean;
  }[] = [];
  const troubles: Trouble[] = [];
  const failures: Failure[] = [];
  const placeLost = vi.fn();
  const connector = new Connector({
    open: (resume, end) => {
      const attempt = { resume, end, closed: false, abandoned: false };
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
    onTrouble: (trouble) => troubles.push(trouble),
    onFailure: (failure) => failures.push(failure),
    onPlaceLost: placeLost,
  });
  const end = (code: number, reason = '') => attempts.at(-1)?.end({ code, reason });
  return { connector, attempts, troubles, failures, placeLost, end };
}

test('a dropped socket is tried again with the secret, for as long as it takes', () => {
  const { connector, attempts, troubles, failures, end } = setUp();
  connector.start();
  connector.welcomed('secret');
  for (let n = 1; n <= 20; n += 1) {
    end(1006);
    expect(troubles.at(-1)?.retryAt).toBeGreaterThan(Date.now());
    vi.advanceTimersByTime(10_000);
    expect(attempts).toHaveLength(n + 1);
  }
  expect(attempts.at(-1)?.resume).toBe('secret');
  expect(failures).toEqual([]);
});

test.each([
  [closeCodes.gone, 'gone'],
  [closeCodes.badFrame, 'bad-request'],
  [closeCodes.refused, 'refused'],
  [closeCodes.turnedAway, 'turned-away'],
] as const)('after %i there is no further attempt, and the reason is told', (code, kind) => {
  const { connector, attempts, failures, end } = setUp();
  connector.start();
  end(code, 'the words of the server');
  vi.advanceTimersByTime(60_000);
  expect(attempts).toHaveLength(1);
  expect(failures).toEqual([{ kind, reason: 'the words of the server' }]);
});

test('a secret that is refused is given up, and we come as somebody new', () => {
  const { connector, attempts, failures, placeLost, end } = setUp();
  connector.start();
  connector.welcomed('old');
  end(1006);
  vi.advanceTimersByTime(10_000);
  end(closeCodes.refused);
  expect(placeLost).toHaveBeenCalledOnce();
  vi.advanceTimersByTime(10_000);
  expect(attempts.at(-1)?.resume).toBeUndefined();
  expect(failures).toEqual([]);
});

test('a restart is tried soon, a full server later', () => {
  const { connector, troubles, end } = setUp();
  connector.start();
  end(closeCodes.restart);
  expect(troubles.at(-1)).toMatchObject({ cause: 'restarting' });
  expect((troubles.at(-1)?.retryAt ?? 0) - Date.now()).toBeLessThanOrEqual(200);
  vi.advanceTimersByTime(200);
  end(closeCodes.tooMany);
  expect(troubles.at(-1)).toMatchObject({ cause: 'busy' });
  expect((troubles.at(-1)?.retryAt ?? 0) - Date.now()).toBeGreaterThanOrEqual(400);
});

test('"try now" begins the waiting attempt, once', () => {
  const { connector, attempts, troubles, end } = setUp();
  connector.start();
  end(1006);
  connector.retryNow();
  connector.retryNow();
  expect(attempts).toHaveLength(2);
  expect(troubles.at(-1)).toEqual({
    cause: 'unreachable',
    retryAt: null,
    serverGone: false,
  });
  vi.advanceTimersByTime(60_000);
  expect(attempts).toHaveLength(2);
});

test('stopped is stopped', () => {
  const { connector, attempts, end } = setUp();
  connector.start();
  connector.stop();
  expect(attempts[0]?.closed).toBe(true);
  end(1006);
  connector.reconnect('media-lost');
  vi.advanceTimersByTime(60_000);
  expect(attempts).toHaveLength(1);
});

test('a socket that seems open but answers nothing is given up for another, with our place kept', async () => {
  const { connector, attempts, troubles } = setUp({ answers: false });
  connector.start();
  connector.welcomed('secret');
  await vi.advanceTimersByTimeAsync(60_000);
  expect(attempts.length).toBeGreaterThan(1);
  expect(attempts[0]).toMatchObject({ abandoned: true, closed: false });
  expect(attempts[1]?.resume).toBe('secret');
  expect(troubles[0]).toMatchObject({ cause: 'unreachable' });
});

test('with another network, another socket takes the place of this one at once, and that is no trouble', () => {
  const { connector, attempts, troubles } = setUp();
  connector.start();
  connector.welcomed('secret');
  connector.replace();
  expect(attempts.map(({ resume, abandoned }) => [resume, abandoned])).toEqual([
    [undefined, true],
    ['secret', false],
  ]);
  expect(troubles).toEqual([]);
});

test('with another network, who has no place yet keeps the socket, and who waits tries at once', () => {
  const { connector, attempts, end } = setUp();
  connector.start();
  connector.replace();
  expect(attempts).toHaveLength(1);
  end(1006);
  connector.replace();
  expect(attempts).toHaveLength(2);
});

test('a place from before the page was loaded again is asked for; if it is lost, that may be the end', () => {
  const { connector, attempts, placeLost, end } = setUp();
  placeLost.mockImplementation(() => connector.stop());
  connector.start('secret');
  expect(attempts[0]?.resume).toBe('secret');
  expect(connector.resumeSecret).toBe('secret');
  end(closeCodes.refused);
  expect(placeLost).toHaveBeenCalledOnce();
  vi.advanceTimersByTime(60_000);
  expect(attempts).toHaveLength(1);
});
