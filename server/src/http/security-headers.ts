import type { RequestHandler } from 'express';
import helmet from 'helmet';

/** Content-Security-Policy (W3C CSP 3): pages load from their own server only. */
const directives = {
  'default-src': ["'self'"],
  'base-uri': ["'none'"],
  'form-action': ["'self'"],
  'frame-ancestors': ["'none'"],
  'img-src': ["'self'", 'data:'],
  'object-src': ["'none'"],
  'script-src-attr': ["'none'"],
};

/** W3C Permissions Policy: the devices of a call, for the page itself but not for frames. */
const permissions =
  'camera=(self), microphone=(self), display-capture=(self), geolocation=(), midi=(), payment=(), usb=()';

/**
 * Sets the headers that restrict what browsers do with our responses.
 *
 * @param options.hsts - the value of Strict-Transport-Security (RFC 6797), which applies to all ports of the host
 * @param options.embedOrigins - their pages may show the call in a frame, but no other page of ours
 */
export function securityHeaders({
  hsts,
  embedOrigins,
}: {
  hsts: string | undefined;
  embedOrigins: string[];
}): RequestHandler[] {
  const policy = (more: Record<string, string[]> = {}) =>
    helmet.contentSecurityPolicy({
      // Helmet's defaults allow fonts and styles from everywhere, and redirect plain HTTP, as on a LAN, to HTTPS.
      useDefaults: false,
      directives: { ...directives, ...more },
    });
  const ownPolicy = policy();
  const callPolicy =
    embedOrigins.length > 0 ? policy({ 'frame-ancestors': embedOrigins }) : ownPolicy;
  // Mermaid puts inline styles into diagrams.
  const docsPolicy = policy({ 'style-src': ["'self'", "'unsafe-inline'"] });
  return [
    helmet({
      contentSecurityPolicy: false,
      strictTransportSecurity: false,
      xFrameOptions: { action: 'deny' },
    }),
    (request, response, next) => {
      response.setHeader('Permissions-Policy', permissions);
      if (hsts !== undefined) {
        response.setHeader('Strict-Transport-Security', hsts);
      }
      const isCall = request.path === '/';
      const isDocs = /^\/docs(\/|\.html$|$)/.test(request.path);
      if (isCall && embedOrigins.length > 0) {
        // It can't name origins.
        response.removeHeader('X-Frame-Options');
      }
      (isDocs ? docsPolicy : isCall ? callPolicy : ownPolicy)(request, response, next);
    },
  ];
}
