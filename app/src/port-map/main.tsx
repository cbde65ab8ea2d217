import { StrictMode } from 'react';
import type { Root } from 'react-dom/client';
import { basePath } from '../page/base-path.ts';
import { PageToken } from '../page/page-token.ts';
import { tabStorage } from '../page/storage.ts';
import { LivePortMap } from './live.ts';
import { PortMapPage } from './port-map-page.tsx';

/** Renders the operators' page. */
export function renderPortMap(root: Root): void {
  document.title = 'Live port map · oneport';
  const token = new PageToken({
    storage: tabStorage(),
    key: 'oneport.port-map-token',
    inQuery: false,
  });
  const takeToken = () => history.replaceState(null, '', token.take(location.href));
  takeToken();
  const live = new LivePortMap(new URL(basePath, location.href).href, token.current);
  // Opening a link with another token in this tab does not reload the page.
  window.addEventListener('hashchange', () => {
    takeToken();
    if (token.current) {
      live.connect(token.current);
    }
  });
  root.render(
    <StrictMode>
      <PortMapPage
        live={live}
        onToken={(entered) => {
          token.set(entered);
          live.connect(entered);
        }}
      />
    </StrictMode>,
  );
}
