import { closeCodes, closeReasons } from '@oneport/protocol';
import type { Access } from '../access/access.ts';
import { AdmissionError } from '../access/admission-error.ts';
import type { Lobby, WaitOutcome } from './lobby.ts';
import { Peer } from './peer.ts';
import type { Room } from './room.ts';

/** setTimeout() takes no longer delay. */
const maxTimeoutMs = 2 ** 31 - 1;

/** A client that asks to enter a room. */
export interface AdmissionRequest {
  roomId: string;
  peerId: string;
  /** Shown to moderators while the client waits. */
  displayName?: string | undefined;
  /** The secret of a peer that is in the room already, when the client resumes. */
  resume?: string | undefined;
  access: Access;
  /** The client's, as limits count it (`limitKeyOf`). */
  address: string;
  /** Called before the client has to wait in the lobby. */
  onWaiting(): void;
  /** Aborted when the client's socket closes. */
  signal: AbortSignal;
}

/**
 * Resolves when a client may enter: immediately, unless the room is locked or the client's token sends it to the
 * lobby. A wait ends when the token expires.
 *
 * @param find - finds the room, if it is open
 * @throws AdmissionError
 */
export async function waitForAdmission(
  request: AdmissionRequest,
  lobby: Lobby,
  find: (roomId: string) => Room | undefined,
): Promise<void> {
  const { roomId, peerId, access, address, signal } = request;
  const peer = { peerId, displayName: access.displayName ?? request.displayName ?? 'Guest' };
  let outcome: WaitOutcome | undefined;
  for (;;) {
    const room = find(roomId);
    mustNotHaveExpired(access);
    room?.moderation.mustNotBeRemoved(access);
    if (outcome === 'admitted' || resumes(room, request) || !needsAdmission(room, access)) {
      return;
    }
    request.onWaiting();
    const expiring = setTimeout(
      () => lobby.end(roomId, peerId, 'retry'),
      Math.min((access.expiresAt ?? Number.POSITIVE_INFINITY) - Date.now(), maxTimeoutMs),
    ).unref();
    outcome = await lobby
      .wait(roomId, peer, { subject: access.subject, address }, signal)
      .finally(() => clearTimeout(expiring));
    throwIfRejected(outcome);
  }
}

/** The token may have expired in the lobby. */
function mustNotHaveExpired({ expiresAt }: Access): void {
  if (expiresAt !== undefined && expiresAt <= Date.now()) {
    throw new AdmissionError(closeCodes.unauthorized, closeReasons.tokenExpired);
  }
}

function throwIfRejected(outcome: WaitOutcome): void {
  const { forbidden, unauthorized, gone } = closeCodes;
  switch (outcome) {
    case 'denied':
      throw new AdmissionError(forbidden, closeReasons.notAdmitted);
    case 'room closed':
      throw new AdmissionError(forbidden, closeReasons.roomClosed);
    case 'replaced':
    case 'taken':
      throw new AdmissionError(unauthorized, closeReasons.idTaken);
    case 'disconnected':
      throw new AdmissionError(gone, 'the socket is closed');
  }
}

function needsAdmission(room: Room | undefined, access: Access): boolean {
  return room
    ? room.moderation.needsAdmission(access)
    : access.waits && !access.permissions.moderate;
}

function resumes(room: Room | undefined, { peerId, resume }: AdmissionRequest): boolean {
  const present = room?.participant(peerId);
  return resume !== undefined && present instanceof Peer && present.acceptsSecret(resume);
}
