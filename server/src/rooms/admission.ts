import { closeCodes, type Refusal, refusals } from '@oneport/protocol';
import type { Access } from '../access/access.ts';
import { AdmissionError } from '../config/admission-error.ts';
import type { Lobby, WaitEnd } from './lobby.ts';
import type { Room } from './room.ts';

/** Somebody who wants to enter a room. */
export interface Visitor {
  roomId: string;
  peerId: string;
  /** What moderators read while it waits. */
  displayName?: string | undefined;
  /** The secret of a place that it has already. */
  resume?: string | undefined;
  access: Access;
  /** Called when it has to wait, before it does. */
  onWaiting(): void;
  /** Aborted when its socket is gone. */
  signal: AbortSignal;
}

const rejections: Partial<Record<WaitEnd, () => AdmissionError>> = {
  denied: () => byModerator(refusals.notAdmitted),
  'room closed': () => byModerator(refusals.roomClosed),
  replaced: () => new AdmissionError(closeCodes.refused, refusals.idTaken),
  taken: () => new AdmissionError(closeCodes.refused, refusals.idTaken),
  // The socket is closed already.
  gone: () => new AdmissionError(closeCodes.gone, ''),
};

function byModerator(refusal: Refusal): AdmissionError {
  return new AdmissionError(closeCodes.turnedAway, refusal);
}

/** A moderator has removed this client: it can't come back as long as the room lives. */
export const removedError = () => byModerator(refusals.removed);

/**
 * Waits until a visitor may enter: at once, unless the room is locked or its token says that it is let in.
 *
 * @param find - the room, if it is open
 * @throws AdmissionError
 */
export async function passDoor(
  visitor: Visitor,
  lobby: Lobby,
  find: (roomId: string) => Promise<Room | undefined>,
): Promise<void> {
  const { roomId, peerId, access, signal } = visitor;
  const peer = { peerId, displayName: access.displayName ?? visitor.displayName ?? 'Guest' };
  let admitted = false;
  for (;;) {
    const room = await find(roomId);
    if (room?.moderation.hasRemoved(access)) {
      throw removedError();
    }
    if (admitted || hasPlace(room, visitor) || !mustAsk(room, access)) {
      return;
    }
    visitor.onWaiting();
    const end = await lobby.wait(roomId, peer, access.subject, signal);
    const rejection = rejections[end];
    if (rejection) {
      throw rejection();
    }
    admitted = end === 'admitted';
  }
}

function mustAsk(room: Room | undefined, access: Access): boolean {
  if (room) {
    return room.moderation.mustAsk(access);
  }
  return access.waits && !access.permissions.moderate;
}

/** It is inside already, and only its socket is new. */
function hasPlace(room: Room | undefined, { peerId, resume }: Visitor): boolean {
  return resume !== undefined && (room?.peer(peerId)?.mayBeResumedWith(resume) ?? false);
}
