import './avatar.css';
import { hueOf, initials } from './labels.ts';

/** Initials in a colour of one's own, where there is no picture. */
export function Avatar({ peerId, displayName }: { peerId: string; displayName: string }) {
  return (
    <div className="avatar" style={{ '--hue': hueOf(peerId) }} aria-hidden="true">
      <span>{initials(displayName)}</span>
    </div>
  );
}
