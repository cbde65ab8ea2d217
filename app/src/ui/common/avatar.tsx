import { hashOf } from '../../page/ids.ts';
import './avatar.css';

/** Initials on a colour of the peer's own, shown where there is no video. */
export function Avatar({ peerId, displayName }: { peerId: string; displayName: string }) {
  return (
    <div className="avatar" style={{ '--hue': hueOf(peerId) }} aria-hidden="true">
      <span>{initials(displayName)}</span>
    </div>
  );
}

/** The first letters of the first and last word of a name. */
export function initials(displayName: string): string {
  const words = displayName.trim().split(/\s+/);
  const letters = words.length > 1 ? [words[0], words.at(-1)] : [words[0]];
  return letters
    .map((word) => Array.from(word ?? '')[0] ?? '')
    .join('')
    .toUpperCase();
}

/** A hue from 0 to 359, always the same for the same text. */
export function hueOf(text: string): number {
  return hashOf(text) % 360;
}
