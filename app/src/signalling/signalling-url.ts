import { type ConnectQuery, protocolVersion, signallingPath } from '@oneport/protocol';

/**
 * The URL of the signalling WebSocket.
 *
 * @param server - the URL of the server's page, up to its last slash; its scheme decides between `ws:` and `wss:`
 */
export function signallingUrl(
  server: string,
  query: Omit<ConnectQuery, 'protocolVersion'>,
): string {
  const url = new URL(`.${signallingPath}`, server);
  url.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:';
  url.searchParams.set('roomId', query.roomId);
  url.searchParams.set('peerId', query.peerId);
  url.searchParams.set('protocolVersion', String(protocolVersion));
  url.searchParams.set('produce', query.produce ? '1' : '0');
  url.searchParams.set('consume', query.consume ? '1' : '0');
  if (query.forceTcp) {
    url.searchParams.set('forceTcp', '1');
  }
  if (query.resume !== undefined) {
    url.searchParams.set('resume', query.resume);
  }
  if (query.keep) {
    url.searchParams.set('keep', '1');
  }
  if (query.token !== undefined) {
    url.searchParams.set('token', query.token);
    // A lobby exists only where tokens are used, and only its moderators read this name.
    if (query.displayName) {
      url.searchParams.set('displayName', query.displayName);
    }
  }
  return url.href;
}
