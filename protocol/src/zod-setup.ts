import { z } from 'zod';

// zod compiles schemas with `new Function` where it can, and tries it out first. The page's Content-Security-Policy
// forbids it, and a browser would report each try as a violation.
z.config({ jitless: true });

/**
 * The first problem, for people: `rtpParameters.codecs.0.mimeType: expected audio/...`. protoo's errors hold a number
 * and a string only.
 */
export function explain(error: z.ZodError): string {
  const [issue] = error.issues;
  if (!issue) {
    return 'invalid';
  }
  const path = issue.path.map(String).join('.');
  return path ? `${path}: ${issue.message}` : issue.message;
}
