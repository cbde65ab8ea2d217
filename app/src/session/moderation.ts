/** The permissions of the local peer, the decisions of moderators, and the commands of a moderator. */
import type {
  NotificationData,
  PeerId,
  Permissions,
  Publishable,
  WaitingPeer,
  Welcome,
} from '@oneport/protocol';
import type { LocalMedia } from '../devices/local-media.ts';
import type { SendRequest } from '../signalling/signalling.ts';
import type { Notices } from './notices.ts';

export interface ModerationState {
  readonly permissions: Permissions;
  /** New participants need to be admitted. */
  readonly locked: boolean;
  /** Peers that wait to be admitted, the longest waiting first. Empty unless the local peer is a moderator. */
  readonly lobby: readonly WaitingPeer[];
}

/** Assumed until the first `welcome`. */
export const initialModeration: ModerationState = {
  permissions: {
    publish: ['microphone', 'camera', 'screen'],
    chat: true,
    watch: true,
    moderate: false,
  },
  locked: false,
  lobby: [],
};

export interface ModerationOptions {
  request: SendRequest;
  notices: Notices;
  local: Pick<LocalMedia, 'setAllowed' | 'setMicrophone' | 'setCamera' | 'stopScreen'>;
  onChange: (state: ModerationState) => void;
}

export class Moderation {
  readonly #options: ModerationOptions;
  #state = initialModeration;

  constructor(options: ModerationOptions) {
    this.#options = options;
  }

  /** Pauses what a peer sends. The peer can resume it. */
  mutePeer(peerId: PeerId, what: Publishable): Promise<void> {
    return this.#request('mutePeer', { peerId, what });
  }

  /** Removes a peer, which can't rejoin as long as the call lasts. */
  removePeer(peerId: PeerId): Promise<void> {
    return this.#request('removePeer', { peerId });
  }

  /** Ends the call for all peers, the local one too. */
  closeRoom(): Promise<void> {
    return this.#request('closeRoom', {});
  }

  setRoomLocked(locked: boolean): Promise<void> {
    return this.#request('setRoomLocked', { locked });
  }

  admitPeer(peerId: PeerId): Promise<void> {
    return this.#request('admitPeer', { peerId });
  }

  denyPeer(peerId: PeerId): Promise<void> {
    return this.#request('denyPeer', { peerId });
  }

  welcomed({ permissions, room }: Welcome): void {
    this.#options.local.setAllowed(permissions.publish);
    this.#update({ permissions, locked: room.locked, lobby: [] });
  }

  /** A moderator has muted the local peer. The preferences for the next call stay as they are. */
  muted({ what }: NotificationData<'muted'>): void {
    const { local, notices } = this.#options;
    if (what === 'microphone') {
      void local.setMicrophone(false);
    } else if (what === 'camera') {
      void local.setCamera(false);
    } else {
      local.stopScreen();
    }
    notices.add({ type: 'muted', what });
  }

  roomLocked({ locked }: NotificationData<'roomLocked'>): void {
    this.#update({ locked });
    this.#options.notices.add({ type: 'room-locked', locked });
  }

  lobbyChanged({ waiting }: NotificationData<'lobbyChanged'>): void {
    this.#update({ lobby: waiting });
  }

  async #request(...request: Parameters<SendRequest>): Promise<void> {
    try {
      await this.#options.request(...request);
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      this.#options.notices.add({ type: 'moderation-failed', reason });
    }
  }

  #update(change: Partial<ModerationState>): void {
    this.#state = { ...this.#state, ...change };
    this.#options.onChange(this.#state);
  }
}
