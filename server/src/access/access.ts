import { type Permissions, permissionOfSource, type Source } from '@oneport/protocol';

/** The identity of a client and its permissions in a room. */
export interface Access {
  /** The token's `sub`, the same for all connections of one person. undefined: no token is required. */
  readonly subject: string | undefined;
  /** undefined: the client chooses its display name. */
  readonly displayName: string | undefined;
  /** The client waits in the lobby even if the room isn't locked. */
  readonly waits: boolean;
  /** When the token expires, in milliseconds since 1970, with the clock skew added. undefined: no token is required. */
  readonly expiresAt: number | undefined;
  readonly permissions: Permissions;
}

/** The access of every client where no token is required. */
export const openAccess: Access = {
  subject: undefined,
  displayName: undefined,
  waits: false,
  expiresAt: undefined,
  permissions: {
    publish: ['microphone', 'camera', 'screen'],
    chat: true,
    watch: true,
    moderate: false,
  },
};

export function mayPublish({ permissions }: Access, source: Source): boolean {
  return permissions.publish.includes(permissionOfSource[source]);
}
