import { useRef, useState } from 'react';
import { Avatar } from '../common/avatar.tsx';
import { MicrophoneOffIcon, ScreenIcon } from '../common/icons.tsx';
import { PeerMenu } from './peer-menu.tsx';
import './tile.css';
import { useTrack } from '../common/hooks.ts';
import { useTileView } from './use-tile-view.ts';

export interface TileProps {
  readonly peerId: string;
  readonly source: 'camera' | 'screen';
  /** For screen readers. */
  readonly label: string;
  readonly displayName: string;
  /** Undefined: there is no video. */
  readonly track: MediaStreamTrack | undefined;
  readonly muted: boolean;
  readonly speaking: boolean;
  readonly self: boolean;
  /** Why something of this peer can't be seen or heard. */
  readonly explanation?: string | undefined;
  /** The user is a moderator, and this is another peer. */
  readonly moderated: boolean;
}

/** The camera or the screen of a peer. */
export function Tile(props: TileProps) {
  const {
    peerId,
    source,
    label,
    displayName,
    track,
    muted,
    speaking,
    self,
    moderated,
    explanation,
  } = props;
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
        <Video key={track.id} track={track} mirrored={self && source === 'camera'} />
      ) : (
        <Avatar peerId={peerId} displayName={displayName} />
      )}
      {explanation && <p className="tile-explanation">{explanation}</p>}
      {moderated && <PeerMenu peerId={peerId} displayName={displayName} />}
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

function Video({ track, mirrored }: { track: MediaStreamTrack; mirrored: boolean }) {
  const ref = useRef<HTMLVideoElement>(null);
  const [loaded, setLoaded] = useState(false);
  useTrack(ref, track);
  return (
    <>
      <video
        ref={ref}
        autoPlay
        playsInline
        muted
        className={mirrored ? 'mirrored' : undefined}
        onLoadedData={() => setLoaded(true)}
      />
      {!loaded && <div className="spinner" role="status" aria-label="Connecting" />}
    </>
  );
}
