/** All that a view needs to know, in one immutable value. */
import type { PeerId, PortMode, Publishable, RoomId, Source } from '@oneport/protocol';
import type { DeviceList } from '../devices/devices.ts';
import type { LocalScreen, LocalSource } from '../devices/local-media.ts';
import type { MediaPath } from '../network/media-paths.ts';
import type { Failure, Trouble } from '../signalling/connector.ts';
import type { ChatEntry } from './chat-log.ts';
import type { ModerationView } from './moderation.ts';
import type { Person } from './remote-peers.ts';

export type Phase =
  | { readonly state: 'lobby' }
  /** `trouble`: the first attempt didn't succeed. */
  | { readonly state: 'joining'; readonly trouble: Trouble | undefined }
  /** In the lobby: a moderator has to let me in. */
  | { readonly state: 'waiting' }
  | { readonly state: 'joined' }
  /** `trouble`: undefined while a page that was loaded again makes its first attempt. */
  | { readonly state: 'reconnecting'; readonly trouble: Trouble | undefined }
  | { readonly state: 'left' }
  | { readonly state: 'failed'; readonly failure: Failure };

export interface Self {
  readonly peerId: PeerId;
  readonly displayName: string;
  readonly microphone: LocalSource;
  readonly camera: LocalSource;
  readonly screen: LocalScreen;
  /** watching: this page was asked to send nothing (`produce=false`), or may not. */
  readonly role: 'participant' | 'watching';
}

export interface MediaInfo {
  readonly portMode: PortMode;
  readonly paths: readonly MediaPath[];
  /** For a while nothing has got through, though it should. */
  readonly lost: boolean;
}

export interface ChosenDevices {
  readonly microphoneId: string;
  readonly cameraId: string;
  readonly speakerId: string;
}

/** Something that has happened, to be told once. */
export type Notice = { readonly id: number } & (
  | { readonly type: 'joined' | 'left'; readonly displayName: string }
  | { readonly type: 'not-sent'; readonly source: Source; readonly reason: string }
  | { readonly type: 'chat-failed'; readonly reason: string }
  | { readonly type: 'screen-failed' }
  | { readonly type: 'muted'; readonly what: Publishable }
  | { readonly type: 'locked'; readonly locked: boolean }
  | { readonly type: 'not-moderated'; readonly reason: string }
  | { readonly type: 'reconnected' }
  /** `at` in milliseconds since the epoch. */
  | { readonly type: 'server-stopping'; readonly inSeconds: number; readonly at: number }
);

export interface Snapshot {
  readonly phase: Phase;
  readonly roomId: RoomId;
  readonly self: Self;
  /** The others. */
  readonly people: readonly Person[];
  /** Who speaks, by the server's judgement. May be me. */
  readonly activeSpeaker: PeerId | null;
  readonly chat: readonly ChatEntry[];
  /** I came with a token: a link without one lets nobody in. */
  readonly byInvitation: boolean;
  readonly moderation: ModerationView;
  /** undefined until the server has welcomed us. */
  readonly media: MediaInfo | undefined;
  readonly devices: DeviceList;
  readonly chosen: ChosenDevices;
  readonly notices: readonly Notice[];
}
