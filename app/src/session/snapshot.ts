/** Everything that a view needs to know, in one immutable value. */
import type { PeerId, RoomId } from '@oneport/protocol';
import type { DeviceList } from '../devices/devices.ts';
import type { LocalMediaState } from '../devices/local-media.ts';
import type { MediaInfo } from '../network/media-status.ts';
import type { ConnectionProblem, Failure } from '../signalling/connector.ts';
import type { ChatEntry } from './chat-log.ts';
import type { ModerationState } from './moderation.ts';
import type { Notice } from './notices.ts';
import type { RemotePeer } from './remote-peers.ts';

export type Phase =
  /** Before the call, with a preview of the local devices. */
  | { readonly state: 'prejoin' }
  /** `problem`: the first attempt failed. */
  | { readonly state: 'joining'; readonly problem: ConnectionProblem | undefined }
  /** A moderator has to admit this peer. */
  | { readonly state: 'waiting' }
  | { readonly state: 'joined' }
  /** `problem`: undefined during the first attempt after a reload. */
  | { readonly state: 'reconnecting'; readonly problem: ConnectionProblem | undefined }
  | { readonly state: 'left' }
  | { readonly state: 'failed'; readonly failure: Failure };

/** The local peer. */
export interface Self extends Omit<LocalMediaState, 'devices'> {
  readonly peerId: PeerId;
  readonly displayName: string;
  /** The token sets the name, so it can't be changed. */
  readonly nameIsFixed: boolean;
  /** viewer: the page's URL asks to send nothing (`produce=false`), or the token doesn't permit it. */
  readonly role: 'participant' | 'viewer';
}

export interface ChosenDevices {
  readonly microphoneId: string;
  readonly cameraId: string;
  readonly speakerId: string;
}

export interface Snapshot {
  readonly phase: Phase;
  readonly roomId: RoomId;
  readonly self: Self;
  /** Without the local peer. */
  readonly peers: readonly RemotePeer[];
  /** As the server detects it. May be the local peer. */
  readonly activeSpeaker: PeerId | null;
  readonly chat: readonly ChatEntry[];
  /** The local peer joins with a token, so a link without a token would be useless to others. */
  readonly byInvitation: boolean;
  readonly moderation: ModerationState;
  /** Undefined until the first `welcome`. */
  readonly media: MediaInfo | undefined;
  readonly devices: DeviceList;
  readonly chosen: ChosenDevices;
  readonly notices: readonly Notice[];
}
