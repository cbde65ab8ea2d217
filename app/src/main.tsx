import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { watchForNetworks } from './room/network-events.ts';
import { PageToken, tabStorage } from './room/page-token.ts';
import { meetingPoint, readPageUrl, urlWithRoom } from './room/page-url.ts';
import { keepPlace, takePlace } from './room/place.ts';
import { pageStorage } from './room/preferences.ts';
import { RoomSession } from './room/session.ts';
import { App } from './views/app.tsx';
import './views/base.css';
import { InvalidRoom } from './views/end.tsx';
import { SessionContext } from './views/session-context.ts';

const container = document.getElementById('root');
if (!container) throw new Error('index.html has no #root');
const root = createRoot(container);
const page = readPageUrl(location.search);

if (location.pathname === '/dashboard') {
  // Apart: who is in a call needs none of it.
  const { renderDashboard } = await import('./dashboard/main.tsx');
  renderDashboard(root);
} else if (page.roomId === null) {
  root.render(<InvalidRoom />);
} else {
  const roomId = page.roomId ?? meetingPoint;
  if (page.roomId === undefined) history.replaceState(null, '', urlWithRoom(location.href, roomId));
  document.title = `${roomId} · oneport`;
  const pageToken = new PageToken(tabStorage());
  const takeToken = () => history.replaceState(null, '', pageToken.take(location.href, roomId));
  takeToken();
  // A link to the same room with another token doesn't load the page anew.
  window.addEventListener('hashchange', takeToken);
  const place = takePlace(tabStorage(), roomId, Date.now());
  const session = new RoomSession({
    roomId,
    page,
    server: location.href,
    storage: pageStorage(),
    token: () => pageToken.current,
    place,
  });
  void session.open();
  // The browser closes the socket with 1001, and the server waits a few seconds for the page to come again.
  window.addEventListener('pagehide', () => keepPlace(tabStorage(), session.place, Date.now()));
  window.addEventListener('pageshow', ({ persisted }) => {
    // Out of the back/forward cache, with a call that has ended meanwhile.
    if (persisted) location.reload();
  });
  watchForNetworks(() => session.networkChanged());
  root.render(
    <StrictMode>
      <SessionContext value={session}>
        <App />
      </SessionContext>
    </StrictMode>,
  );
}
