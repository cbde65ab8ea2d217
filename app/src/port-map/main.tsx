import { StrictMode } from 'react';
import type { Root } from 'react-dom/client';
import { LivePortMap } from './live.ts';
import { Dashboard } from './port-map-page.tsx';
import { keepToken, type TokenPlaces, takeToken } from './token.ts';

/** Shows the operators' page. @param root - where */
export function renderDashboard(root: Root): void {
  document.title = 'Live port map · oneport';
  const storage = tabStorage();
  const live = new LivePortMap(location.origin, takeToken({ location, history, storage }));
  // A link that is pasted into this tab changes only what stands after #.
  window.addEventListener('hashchange', () => {
    const token = takeToken({ location, history, storage });
    if (token) {
      live.connect(token);
    }
  });
  root.render(
    <StrictMode>
      <Dashboard
        live={live}
        onToken={(token) => {
          keepToken(storage, token);
          live.connect(token);
        }}
      />
    </StrictMode>,
  );
}

/** Of this tab alone. Some browsers forbid even to ask. */
function tabStorage(): TokenPlaces['storage'] {
  try {
    return window.sessionStorage;
  } catch {
    return undefined;
  }
}
