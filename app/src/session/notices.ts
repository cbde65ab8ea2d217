/** Short messages about what has just happened, each shown until it is dismissed. */
import type { Publishable, Source } from '@oneport/protocol';
import type { DeviceSwitch } from '../devices/local-device.ts';

export type Notice = { readonly id: number } & (
  | { readonly type: 'joined' | 'left'; readonly displayName: string }
  | { readonly type: 'publish-failed'; readonly source: Source; readonly reason: string }
  /** A peer has no codec in common with what the local peer sends, or `failed` to receive it. */
  | {
      readonly type: 'not-received';
      readonly displayName: string;
      readonly source: Source;
      readonly codec: string;
      readonly failed: boolean;
    }
  | { readonly type: 'chat-failed'; readonly reason: string }
  | { readonly type: 'screen-failed' }
  | ({ readonly type: 'device-switched' } & DeviceSwitch)
  | { readonly type: 'muted'; readonly what: Publishable }
  | { readonly type: 'room-locked'; readonly locked: boolean }
  | { readonly type: 'moderation-failed'; readonly reason: string }
  | { readonly type: 'reconnected' }
  /** `at` in milliseconds since the epoch. */
  | { readonly type: 'server-stopping'; readonly inSeconds: number; readonly at: number }
);

const maxNotices = 4;

type DistributiveOmit<T, K extends PropertyKey> = T extends unknown ? Omit<T, K> : never;

export class Notices {
  readonly #onChange: (notices: readonly Notice[]) => void;
  #notices: readonly Notice[] = [];
  #lastId = 0;

  constructor(onChange: (notices: readonly Notice[]) => void) {
    this.#onChange = onChange;
  }

  add(notice: DistributiveOmit<Notice, 'id'>): void {
    this.#lastId += 1;
    this.#set([...this.#notices, { ...notice, id: this.#lastId } as Notice].slice(-maxNotices));
  }

  remove(id: number): void {
    this.#set(this.#notices.filter((notice) => notice.id !== id));
  }

  removeAll(type: Notice['type']): void {
    this.#set(this.#notices.filter((notice) => notice.type !== type));
  }

  clear(): void {
    this.#set([]);
  }

  #set(notices: readonly Notice[]): void {
    this.#notices = notices;
    this.#onChange(notices);
  }
}
