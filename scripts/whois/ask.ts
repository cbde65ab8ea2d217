import {
  type PortMapFacts,
  type PortMapServerEvents,
  type PortMapViewerEvents,
  portMapNamespace,
  portMapSocketPath,
  type TransportRow,
} from '@oneport/protocol';
import { io, type Socket } from 'socket.io-client';
import { readToken } from '../../server/src/access/operator-token.ts';
import { loadConfig } from '../../server/src/config/config.ts';
import type { Config } from '../../server/src/config/types.ts';
import { hostAndPort, localAddressOf } from '../../server/src/net/ip.ts';
import { SetUpError } from '../setup/set-up-error.mjs';

export interface Answer {
  facts: PortMapFacts;
  /** The newest that match. */
  transports: TransportRow[];
}

/** How long the server may take to accept the connection, ask its workers, and answer. */
const answerWithinMs = 10_000;

/** The server reads a transport twice, half a second apart, to get its rates. With thousands open it takes longer. */
const ratesWithinMs = 3_000;

/**
 * Asks the server that runs on this machine.
 *
 * @param text - what to look for, as on the port map's page
 * @param env - the server's settings: its address and its token
 * @throws SetUpError when the server does not answer; ConfigError
 */
export async function askWhoIs(text: string, env: NodeJS.ProcessEnv): Promise<Answer> {
  const { portMap, http } = loadConfig(env);
  const token = portMap.token ?? readToken(portMap.tokenFile);
  if (!token) {
    throw noAnswer(
      `no token: ${portMap.tokenFile} has none, and PORT_MAP_TOKEN is not set. ` +
        'Run this as the user who started the server, or with its PORT_MAP_TOKEN.',
    );
  }
  const url = urlOf(http);
  const socket: Socket<PortMapServerEvents, PortMapViewerEvents> = io(url + portMapNamespace, {
    path: portMapSocketPath,
    transports: ['websocket'],
    auth: { token },
    reconnection: false,
    // No certificate is issued for a loopback address.
    rejectUnauthorized: false,
  });
  try {
    return await answerOf(socket, text, url);
  } finally {
    socket.disconnect();
  }
}

function answerOf(
  socket: Socket<PortMapServerEvents, PortMapViewerEvents>,
  text: string,
  url: string,
): Promise<Answer> {
  const transports = new Map<string, TransportRow>();
  let facts: PortMapFacts | undefined;
  let late: NodeJS.Timeout | undefined;
  return new Promise((resolve, reject) => {
    const fail = (why: string) => {
      clearTimeout(timer);
      clearTimeout(late);
      reject(noAnswer(`${url}: ${why}. Is the server running, with these settings?`));
    };
    const timer = setTimeout(() => fail('no answer'), answerWithinMs);
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
      // Further addresses of clients are unknown until the workers have been asked.
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

/** 1 is for an answer that names no transport. */
function noAnswer(why: string): SetUpError {
  return new SetUpError(why, { exitCode: 2 });
}

function urlOf({ host, port, tls }: Config['http']): string {
  const scheme = tls.kind === 'none' ? 'http' : 'https';
  return `${scheme}://${hostAndPort(localAddressOf(host), port)}`;
}
