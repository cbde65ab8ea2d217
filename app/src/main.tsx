import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { watchNetworkChanges } from './network/network-events.ts';
import { basePath } from './page/base-path.ts';
import { PageToken } from './page/page-token.ts';
import { defaultRoomId, readPageUrl, urlWithRoom } from './page/page-url.ts';
import { forgetReload, reloadOnce } from './page/reload-once.ts';
import { saveSession, takeSavedSession } from './page/session-restore.ts';
import { originStorage, tabStorage } from './page/storage.ts';
import { RoomSession } from './session/session.ts';
import { App } from './ui/app.tsx';
import './ui/common/base.css';
import { SessionContext } from './ui/common/session-context.ts';
import { InvalidRoom } from './ui/message-pages.tsx';

const container = document.getElementById('root');
if (!container) {
  throw new Error('index.html has no #root');
}
const root = createRoot(container);
const page = readPageUrl(location.search);

// With or without the base path: operators may connect to the server itself, past the proxy.
if (location.pathname.endsWith('/port-map')) {
  // Loaded separately, because calls don't need it.
  const { renderPortMap } = await import('./port-map/main.tsx');
  renderPortMap(root);
} else if (page.roomId === null) {
  root.render(<InvalidRoom />);
} else {
  const roomId = page.roomId ?? defaultRoomId;
  if (page.roomId === undefined) {
    history.replaceState(null, '', urlWithRoom(location.href, roomId));
  }
  document.title = `${roomId} · oneport`;
  const storage = tabStorage();
  const pageToken = new PageToken({ storage, key: `oneport.token.${roomId}`, inQuery: true });
  const takeToken = () => history.replaceState(null, '', pageToken.take(location.href));
  takeToken();
  const session = new RoomSession({
    roomId,
    page,
    server: new URL(basePath, location.href).href,
    storage: originStorage(),
    token: () => pageToken.current,
    saved: takeSavedSession(storage, roomId, Date.now()),
  });
  // Opening a link to the same room with another token does not reload the page.
  window.addEventListener('hashchange', () => {
    takeToken();
    session.tokenChanged();
  });
  session.subscribe(() => {
    const { phase } = session.getSnapshot();
    if (phase.state === 'failed' && phase.failure.kind === 'outdated') {
      reloadOnce(storage, () => location.reload());
    } else if (phase.state === 'joined') {
      forgetReload(storage);
    }
  });
  void session.open();
  // The browser closes the socket with 1001, and the server waits a few seconds for the page to come back.
  window.addEventListener('pagehide', () => saveSession(storage, session.saved, Date.now()));
  window.addEventListener('pageshow', ({ persisted }) => {
    // A page from the back/forward cache holds a call that has ended meanwhile.
    if (persisted) {
      location.reload();
    }
  });
  watchNetworkChanges(() => session.networkChanged());
  root.render(
    <StrictMode>
      <SessionContext value={session}>
        <App />
      </SessionContext>
    </StrictMode>,
  );
}
