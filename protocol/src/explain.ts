import type { z } from 'zod';

/**
 * The first thing that is wrong, for people: `rtpParameters.codecs.0.mimeType: expected audio/...`.
 * protoo has room for a number and a string only.
 *
 * @param error - what a schema threw or returned
 */
export function explain(error: z.ZodError): string {
  const [issue] = error.issues;
  if (!issue) {
    return 'invalid';
  }
  const path = issue.path.map(String).join('.');
  return path ? `${path}: ${issue.message}` : issue.message;
}
