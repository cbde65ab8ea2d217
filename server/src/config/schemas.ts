/** Schemas from a variable's text to a setting's value. Their messages say what is allowed. */
import { isIP } from 'node:net';
import { compile as compileProxies } from 'proxy-addr';
import { z } from 'zod';
import { canonicalOrigin } from '../net/origin.ts';

/** @returns the schema of a whole number from `min` to `max` */
export function integer(min: number, max: number) {
  const expected = `expected a whole number from ${min} to ${max}`;
  return z
    .string()
    .regex(/^\d{1,9}$/, expected)
    .transform(Number)
    .refine((n) => n >= min && n <= max, expected);
}

export const port = integer(1, 65535);

export const ip = z.string().refine((text) => isIP(text) !== 0, 'expected an IPv4 or IPv6 address');

export const path = z.string().min(1);

/** Segments of unreserved characters (RFC 3986, 2.3), except those of dots only, which browsers resolve. */
export const basePath = z
  .string()
  .max(128)
  .regex(/^\/((?!\.+\/)[\w.~-]+\/)*$/, 'expected a path such as /calls/');

export const sha256 = z
  .string()
  .regex(/^[0-9a-fA-F]{64}$/, 'expected 64 hexadecimal digits')
  .transform((text) => text.toLowerCase());

/** @param items - is piped the trimmed items */
function commaSeparated<T>(items: z.ZodType<T, string[]>) {
  return z
    .string()
    .transform((text) => text.split(',').map((item) => item.trim()))
    .pipe(items);
}

export const origins = commaSeparated(
  z.array(
    z.string().transform((text, context) => {
      const origin = canonicalOrigin(text);
      if (origin === undefined) {
        context.addIssue('expected origins such as https://a.example, without wildcards and paths');
      }
      return origin ?? '';
    }),
  ),
);

export const bearerToken = z
  .string()
  .regex(/^[\w.-]{16,128}$/, 'expected 16 to 128 characters out of A-Z, a-z, 0-9, -, . and _');

/** Addresses and networks of proxies, or the number of proxies in front of the server. */
export type TrustedProxies = string[] | number;

/** The number of proxies, one behind the other, or their addresses and networks. */
export const proxies = z.string().transform((text, context): TrustedProxies => {
  if (/^[1-9]$/.test(text)) {
    return Number(text);
  }
  const list = text.split(',').map((item) => item.trim());
  if (!isProxyList(list)) {
    context.addIssue(
      'expected addresses, networks such as 10.1.2.0/24, or loopback; or the number of proxies, 1 to 9',
    );
  }
  return list;
});

/** Names of proxy-addr. Its parser would also take `1` and `10.1` for addresses. */
const proxyNetworks = ['loopback', 'linklocal', 'uniquelocal'];

function isProxyList(list: string[]): boolean {
  if (!list.every((item) => proxyNetworks.includes(item) || isIP(item.replace(/\/.*/, '')))) {
    return false;
  }
  try {
    compileProxies(list);
    return true;
  } catch {
    return false;
  }
}

const loopbackHost = /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/;

export const jwksUrl = z
  .string()
  .refine(
    (text) => URL.canParse(text) && isTamperProof(new URL(text)),
    'expected an https URL without user and password. http is allowed for this machine only, ' +
      'because anyone who can change the answer can issue tokens',
  )
  .transform((text) => new URL(text));

function isTamperProof({ protocol, hostname, username, password }: URL): boolean {
  if (username || password) {
    return false;
  }
  return protocol === 'https:' || (protocol === 'http:' && loopbackHost.test(hostname));
}

/** RFC 7065, section 3.1, with fewer characters in names. */
const turnUrl = /^turns?:([\w.-]+|\[[\da-fA-F:.]+\])(:\d{1,5})?(\?transport=(udp|tcp))?$/;

export const turnUrls = commaSeparated(
  z
    .array(z.string().regex(turnUrl, 'expected URLs such as turn:turn.example:3478'))
    .refine(
      (urls) => urls.every((url) => Number(/:(\d+)(\?|$)/.exec(url)?.[1] ?? 1) - 1 < 65_535),
      'expected ports from 1 to 65535',
    )
    .max(8, 'expected at most 8 URLs'),
);

export const hsts = z
  .string()
  .regex(
    /^max-age=\d{1,9}(; ?includeSubDomains)?(; ?preload)?$/i,
    'expected a value of Strict-Transport-Security, such as max-age=31536000',
  );

export const userName = z
  .string()
  .regex(/^[A-Za-z_][A-Za-z0-9_.-]{0,31}$/, 'expected the name of a user');
