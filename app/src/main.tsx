import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { watchForNetworks } from './network/network-events.ts';
import { PageToken, tabStorage } from './page/page-token.ts';
import { meetingPoint, readPageUrl, urlWithRoom } from './page/page-url.ts';
import { pageStorage } from './page/preferences.ts';
import { keepPlace, takePlace } from './page/session-restore.ts';
import { RoomSession } from './session/session.ts';
import { App } from './ui/app.tsx';
import './ui/common/base.css';
import { SessionContext } from './ui/common/session-context.ts';
import { InvalidRoom } from './ui/end.tsx';

const container = document.getElementById('root');
if (!container) {
  throw new Error('index.html has no #root');
}
const root = createRoot(container);
const page = readPageUrl(location.search);

if (location.pathname === '/dashboard') {
  // Apart: who is in a call needs none of it.
  const { renderDashboard } = await import('./port-map/main.tsx');
  renderDashboard(root);
} else if (page.roomId === null) {
  root.render(<InvalidRoom />);
} else {
  const roomId = page.roomId ?? meetingPoint;
  if (page.roomId === undefined) {
    history.replaceState(null, '', urlWithRoom(location.href, roomId));
  }
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
    if (persisted) {
      location.reload();
    }
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
