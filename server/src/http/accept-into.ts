import type { Server } from 'node:http';
import type { Socket } from 'node:net';

/**
 * Makes a server of connections that somebody else accepts (node:http, event `connection`).
 *
 * @param server - HTTP or HTTPS, listening to nothing
 * @returns hands it a connection, of which nothing has been read but what was put back
 */
export function acceptInto(server: Server): (socket: Socket) => void {
  // Node begins to watch headersTimeout and requestTimeout, and to know what closeAllConnections()
  // closes, at this event alone (_http_server.js, setupConnectionsTracking).
  server.emit('listening');
  return (socket) => server.emit('connection', socket);
}
