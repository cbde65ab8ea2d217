import { displayNameSchema } from '@oneport/protocol';

/**
 * The display name that a token fixes, for showing it before the server has checked the token.
 *
 * @param token - a JWT (RFC 7519), or anything else
 * @returns undefined when the token leaves the name to the user
 */
export function nameInToken(token: string | undefined): string | undefined {
  const [, payload = ''] = token?.split('.') ?? [];
  try {
    const bytes = atob(payload.replaceAll('-', '+').replaceAll('_', '/'));
    const text = new TextDecoder().decode(Uint8Array.from(bytes, (byte) => byte.charCodeAt(0)));
    const { name } = JSON.parse(text) as { name?: unknown };
    return displayNameSchema.safeParse(name).data;
  } catch {
    // Not a JWT: the server says so.
    return undefined;
  }
}
