import react from '@vitejs/plugin-react';
import { defineConfig, type Plugin } from 'vite';

/** The server that Vite's development server hands signalling and the API on to: `npm run dev`'s. */
const server = `http://127.0.0.1:${process.env.HTTP_PORT || 3000}`;

/** Serves docs.html for /docs and the paths below it in development, as the server does in production. */
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
};

export default defineConfig({
  plugins: [react(), docs],
  build: {
    outDir: 'dist',
    target: 'es2022',
    // The first that know light-dark(): older targets would get it rewritten.
    cssTarget: ['chrome123', 'edge123', 'firefox120', 'safari17.5'],
    sourcemap: false,
    rolldownOptions: { input: ['index.html', 'docs.html'] },
    // kB. mediasoup-client and React are needed at once, so splitting them off would win nothing.
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
