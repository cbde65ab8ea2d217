import { readdirSync } from 'node:fs';
import react from '@vitejs/plugin-react';
import { defineConfig, type Plugin } from 'vite';
import { precompress } from './precompress.ts';

/** The server of `npm run dev`, to which Vite's development server forwards signalling and the API. */
const server = `http://127.0.0.1:${process.env.HTTP_PORT || 3000}`;

/** Lists the pages of docs/ for the server, and serves docs.html for them in development, as the server does. */
const docs: Plugin = {
  name: 'docs',
  configureServer({ middlewares }) {
    middlewares.use((request, _response, next) => {
      if (/^\/docs(\/[\w.-]*)?$/.test(request.url ?? '')) {
        request.url = '/docs.html';
      }
      next();
    });
  },
  generateBundle() {
    const names = readdirSync('../docs').filter((name) => name.endsWith('.md'));
    const source = JSON.stringify(names.map((name) => name.slice(0, -'.md'.length)));
    this.emitFile({ type: 'asset', fileName: 'docs-pages.json', source });
  },
};

export default defineConfig({
  // URLs relative to the page or the asset, because the server may be below a path (BASE_PATH).
  base: './',
  plugins: [react(), docs, precompress],
  build: {
    outDir: 'dist',
    target: 'es2022',
    // The first versions with light-dark(). For older targets, Vite would rewrite it.
    cssTarget: ['chrome123', 'edge123', 'firefox120', 'safari17.5'],
    sourcemap: false,
    rolldownOptions: { input: ['index.html', 'docs.html'] },
    // kB. mediasoup-client and React are needed at once, so splitting them would gain nothing.
    chunkSizeWarningLimit: 700,
  },
  server: {
    proxy: {
      '/signalling': { target: server, ws: true },
      '/api': { target: server },
      '/socket.io': { target: server, ws: true },
    },
  },
});
