import { useRef, useState } from 'react';
import { Avatar } from '../common/avatar.tsx';
import { MicrophoneOffIcon, ScreenIcon } from '../common/icons.tsx';
import { PersonMenu } from './peer-menu.tsx';
import './tile.css';
import { useTrack } from '../common/use-track.ts';
import { useTileView } from './use-tile-view.ts';

export interface TileProps {
  readonly peerId: string;
  readonly source: 'camera' | 'screen';
  /** Who or what it is, for screen readers. */
  readonly label: string;
  readonly displayName: string;
  /** undefined: there is no picture. */
  readonly track: MediaStreamTrack | undefined;
  readonly muted: boolean;
  readonly speaking: boolean;
  readonly self: boolean;
  /** I am a moderator, and this is somebody else. */
  readonly moderated: boolean;
}

/** One person, or one screen. */
export function Tile(props: TileProps) {
  const { peerId, source, label, displayName, track, muted, speaking, self, moderated } = props;
  const ref = useRef<HTMLElement>(null);
  useTileView(ref, peerId, source, !self);
  return (
    <article
      ref={ref}
      className="tile"
      aria-label={label}
      data-peer-id={peerId}
      data-source={source}
      data-speaking={speaking}
      data-muted={muted}
    >
      {track ? (
        <Picture key={track.id} track={track} mirrored={self && source === 'camera'} />
      ) : (
        <Avatar peerId={peerId} displayName={displayName} />
      )}
      {moderated && <PersonMenu peerId={peerId} displayName={displayName} />}
      <p className="tile-name">
        {source === 'screen' && <ScreenIcon />}
        {source === 'camera' && muted && (
          <span className="tile-muted" role="img" aria-label="microphone off">
            <MicrophoneOffIcon />
          </span>
        )}
        <span className="tile-name-text">{source === 'screen' ? label : displayName}</span>
        {self && source === 'camera' && <span className="tile-you">You</span>}
      </p>
    </article>
  );
}

function Picture({ track, mirrored }: { track: MediaStreamTrack; mirrored: boolean }) {
  const ref = useRef<HTMLVideoElement>(null);
  const [seen, setSeen] = useState(false);
  useTrack(ref, track);
  return (
    <>
      <video
        ref={ref}
        autoPlay
        playsInline
        muted
        className={mirrored ? 'mirrored' : undefined}
        onLoadedData={() => setSeen(true)}
      />
      {!seen && <div className="spinner" role="status" aria-label="Connecting" />}
    </>
  );
}
