import type { Page } from 'playwright-core';

/**
 * What a page says that nobody sees: its warnings and errors, and what it could not load.
 *
 * @returns them as lines, the newest hundred, as of now
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
