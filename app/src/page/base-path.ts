/**
 * The path of oneport's pages on their host, with a slash at both ends. The server writes it into each page
 * (BASE_PATH); Vite's development server serves them at the root.
 */
export const basePath = import.meta.env.DEV
  ? '/'
  : new URL(document.documentElement.dataset.base ?? '/', location.href).pathname;
