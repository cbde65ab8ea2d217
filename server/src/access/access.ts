import {
  closeCodes,
  type Permissions,
  permissionOfSource,
  type Refusal,
  type Source,
} from '@oneport/protocol';
import { AdmissionError } from '../config/admission-error.ts';

/** Who somebody is and what it may do in a room. */
export interface Access {
  /** The token's `sub`: the same for all connections of one person. Unset: rooms are open, and nobody is asked. */
  readonly subject: string | undefined;
  /** What it is called, whatever it says. Unset: it chooses. */
  readonly displayName: string | undefined;
  /** It waits in the lobby, even if the room isn't locked. */
  readonly waits: boolean;
  readonly permissions: Permissions;
}

/** What everybody has where no tokens are asked for: all but to moderate. */
export const openAccess: Access = {
  subject: undefined,
  displayName: undefined,
  waits: false,
  permissions: {
    publish: ['microphone', 'camera', 'screen'],
    chat: true,
    watch: true,
    moderate: false,
  },
};

/** Whether a source may be sent. */
export function mayPublish({ permissions }: Access, source: Source): boolean {
  return permissions.publish.includes(permissionOfSource[source]);
}

/** The client's token does not open the room. */
export class RefusedError extends AdmissionError {
  override name = 'RefusedError';
  readonly refusal: Refusal;

  /**
   * @param detail - for the server's log only: why; without any part of the token
   */
  constructor(refusal: Refusal, detail: string = refusal) {
    super(closeCodes.refused, refusal, { detail });
    this.refusal = refusal;
  }
}
