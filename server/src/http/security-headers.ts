import type { RequestHandler } from 'express';
import helmet from 'helmet';

/** What the pages may load, by Content-Security-Policy (W3C CSP 3): their own server's, and nothing else's. */
const directives = {
  'default-src': ["'self'"],
  'base-uri': ["'none'"],
  'form-action': ["'self'"],
  'frame-ancestors': ["'none'"],
  'img-src': ["'self'", 'data:'],
  'object-src': ["'none'"],
  'script-src-attr': ["'none'"],
};

/** What the pages may use: the call's devices, by themselves alone (W3C Permissions Policy). */
const permissions =
  'camera=(self), microphone=(self), display-capture=(self), geolocation=(), midi=(), payment=(), usb=()';

/**
 * The headers of every answer that tell a browser what to refuse.
 *
 * @param options.trustedTls - HTTPS with a certificate that browsers trust: they shall come by HTTPS from now on
 */
export function securityHeaders({ trustedTls }: { trustedTls: boolean }): RequestHandler[] {
  const policy = (more: Record<string, string[]> = {}) =>
    helmet.contentSecurityPolicy({
      // Helmet's own would let fonts and styles come from everywhere, and would send a page on plain HTTP, in a LAN
      // say, to a port where nobody answers.
      useDefaults: false,
      directives: { ...directives, ...more },
    });
  const ofCall = policy();
  // Mermaid draws diagrams whose style lies in them.
  const ofDocs = policy({ 'style-src': ["'self'", "'unsafe-inline'"] });
  return [
    helmet({
      contentSecurityPolicy: false,
      // A browser remembers HSTS for the host: on localhost it would break every other project.
      strictTransportSecurity: trustedTls,
      xFrameOptions: { action: 'deny' },
    }),
    (request, response, next) => {
      response.setHeader('Permissions-Policy', permissions);
      const isDocs = /^\/docs(\/|\.html$|$)/.test(request.path);
      (isDocs ? ofDocs : ofCall)(request, response, next);
    },
  ];
}
