import type { Page } from 'playwright-core';

/**
 * Collects a page's console warnings and errors, and the requests that failed.
 *
 * @returns reads the newest hundred, as lines
 */
export function pageComplaints(page: Page): () => string[] {
  const complaints: string[] = [];
  const complain = (line: string) => {
    complaints.push(`${new Date().toISOString()} ${line}`);
    if (complaints.length > 100) {
      complaints.shift();
    }
  };
  page.on('console', (message) => {
    if (['warning', 'error'].includes(message.type())) {
      complain(message.text());
    }
  });
  page.on('pageerror', (error) => complain(String(error)));
  page.on('requestfailed', (request) => {
    complain(`${request.url()} ${request.failure()?.errorText}`);
  });
  return () => [...complaints];
}
