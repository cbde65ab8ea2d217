import {
  type DashboardFacts,
  type DashboardServerEvents,
  type DashboardViewerEvents,
  dashboardNamespace,
  dashboardPath,
  type TransportRow,
} from '@oneport/protocol';
import { io, type Socket } from 'socket.io-client';
import { type Config, loadConfig } from '../../server/src/config/config.ts';
import { readToken } from '../../server/src/port-map/token.ts';

export interface Answer {
  facts: DashboardFacts;
  /** The newest of those that suit. */
  transports: TransportRow[];
}

/** The server can't be asked. */
export class NoAnswerError extends Error {
  override name = 'NoAnswerError';
}

/** Until the server has let us in, asked its workers, and answered. */
const patienceMs = 10_000;

/** A rate takes two looks at a transport, half a second apart; with thousands open they may come late. */
const ratesWithinMs = 3_000;

/**
 * Asks this machine's running server.
 *
 * @param text - what to look for, as on the port map's page
 * @param env - the server's settings: where it is, and its token
 * @throws NoAnswerError that says what to do; ConfigError
 */
export async function askWhoIs(text: string, env: NodeJS.ProcessEnv): Promise<Answer> {
  const { dashboard, http } = loadConfig(env);
  const token = dashboard.token ?? readToken(dashboard.tokenFile);
  if (!token) {
    throw new NoAnswerError(
      `no token: ${dashboard.tokenFile} has none, and DASHBOARD_TOKEN is not set. ` +
        'Ask as the user who has started the server, or with its DASHBOARD_TOKEN.',
    );
  }
  const url = urlOf(http);
  const socket: Socket<DashboardServerEvents, DashboardViewerEvents> = io(
    url + dashboardNamespace,
    {
      path: dashboardPath,
      transports: ['websocket'],
      auth: { token },
      reconnection: false,
      // It is an address of this machine's, for which no certificate is made.
      rejectUnauthorized: false,
    },
  );
  try {
    return await answerOf(socket, text, url);
  } finally {
    socket.disconnect();
  }
}

function answerOf(
  socket: Socket<DashboardServerEvents, DashboardViewerEvents>,
  text: string,
  url: string,
): Promise<Answer> {
  const transports = new Map<string, TransportRow>();
  let facts: DashboardFacts | undefined;
  let late: NodeJS.Timeout | undefined;
  return new Promise((resolve, reject) => {
    const fail = (why: string) => {
      clearTimeout(timer);
      clearTimeout(late);
      reject(new NoAnswerError(`${url}: ${why}. Is the server running, with these settings?`));
    };
    const timer = setTimeout(() => fail('no answer'), patienceMs);
    socket.on('connect_error', ({ message }) => fail(message));
    socket.on('disconnect', (reason) => fail(reason));
    socket.on('connect', () => socket.emit('look', { search: text, port: null }));
    socket.on('update', (update, acknowledge) => {
      acknowledge();
      facts = update.facts ?? facts;
      for (const key of update.transports?.gone ?? []) {
        transports.delete(key);
      }
      for (const row of update.transports?.set ?? []) {
        transports.set(row.key, row);
      }
      // Before the workers have been asked, further addresses of clients are not known.
      if (facts?.look.search !== text || facts.counted === 'not-known-yet') {
        return;
      }
      clearTimeout(timer);
      const answer = () => facts && resolve({ facts, transports: [...transports.values()] });
      const hasRates = [...transports.values()].every(({ tuple, rates }) => !tuple || rates);
      if (hasRates) {
        answer();
      } else {
        late ??= setTimeout(answer, ratesWithinMs);
      }
    });
  });
}

function urlOf({ host, port, tls }: Config['http']): string {
  const local = { '0.0.0.0': '127.0.0.1', '::': '::1' }[host] ?? host;
  const literal = local.includes(':') ? `[${local}]` : local;
  return `${tls.kind === 'none' ? 'http' : 'https'}://${literal}:${port}`;
}
