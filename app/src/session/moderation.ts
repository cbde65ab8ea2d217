/** What I may do in the room, what its moderators have done, and what I do if I am one. */
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

/** The part of the snapshot that is about permissions. */
export interface ModerationView {
  readonly permissions: Permissions;
  /** Who comes now has to be let in. */
  readonly locked: boolean;
  /** Who waits to be let in, the longest waiting first. Only moderators are told. */
  readonly lobby: readonly WaitingPeer[];
}

/** Until the server has said what I may do. */
export const beforeWelcome: ModerationView = {
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
  local: Pick<LocalMedia, 'allow' | 'setMicrophone' | 'setCamera' | 'stopScreen'>;
  onChange: (view: ModerationView) => void;
}

export class Moderation {
  readonly #options: ModerationOptions;
  #view = beforeWelcome;

  constructor(options: ModerationOptions) {
    this.#options = options;
  }

  /** Pauses what somebody sends: it may go on when it wants to. */
  mute(peerId: PeerId, what: Publishable): Promise<void> {
    return this.#ask('mutePeer', { peerId, what });
  }

  /** Sends somebody away for as long as the call lasts. */
  remove(peerId: PeerId): Promise<void> {
    return this.#ask('removePeer', { peerId });
  }

  /** Sends everybody away, me too. */
  closeRoom(): Promise<void> {
    return this.#ask('closeRoom', {});
  }

  setLocked(locked: boolean): Promise<void> {
    return this.#ask('setRoomLocked', { locked });
  }

  admit(peerId: PeerId): Promise<void> {
    return this.#ask('admitPeer', { peerId });
  }

  deny(peerId: PeerId): Promise<void> {
    return this.#ask('denyPeer', { peerId });
  }

  welcomed({ permissions, room }: Welcome): void {
    this.#options.local.allow(permissions.publish);
    this.#change({ permissions, locked: room.locked, lobby: [] });
  }

  /** A moderator has muted me. What I would like next time is not changed by it. */
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

  locked({ locked }: NotificationData<'roomLocked'>): void {
    this.#change({ locked });
    this.#options.notices.add({ type: 'locked', locked });
  }

  lobbyChanged({ waiting }: NotificationData<'lobbyChanged'>): void {
    this.#change({ lobby: waiting });
  }

  async #ask(...request: Parameters<SendRequest>): Promise<void> {
    try {
      await this.#options.request(...request);
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      this.#options.notices.add({ type: 'not-moderated', reason });
    }
  }

  #change(change: Partial<ModerationView>): void {
    this.#view = { ...this.#view, ...change };
    this.#options.onChange(this.#view);
  }
}
