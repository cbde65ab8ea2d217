import { useEffect, useRef, useState } from 'react';
import type { RemoteMedia } from '../../media/consumers.ts';
import type { RemotePeer } from '../../session/remote-peers.ts';
import { useTrack } from '../common/hooks.ts';
import { SoundIcon } from '../common/icons.tsx';

/** Plays the audio of all peers. Browsers may require a click first. */
export function RemoteAudio({
  peers,
  speakerId,
}: {
  peers: readonly RemotePeer[];
  speakerId: string;
}) {
  const [blocked, setBlocked] = useState(false);
  const ref = useRef<HTMLDivElement>(null);
  const tracks = peers.flatMap(({ microphone, screenAudio }) =>
    [microphone, screenAudio].filter((media) => media !== undefined),
  );
  const unblock = () => {
    const elements = ref.current?.querySelectorAll('audio') ?? [];
    Promise.all(Array.from(elements, (element) => element.play())).then(
      () => setBlocked(false),
      (error: unknown) => console.warn('audio is still blocked', error),
    );
  };
  return (
    <div ref={ref}>
      {tracks.map((media) => (
        <RemoteTrack
          key={media.consumerId}
          media={media}
          speakerId={speakerId}
          onBlocked={() => setBlocked(true)}
        />
      ))}
      {blocked && (
        <button type="button" className="button primary hear" onClick={unblock}>
          <SoundIcon /> Click to hear the others
        </button>
      )}
    </div>
  );
}

interface RemoteTrackProps {
  readonly media: RemoteMedia;
  readonly speakerId: string;
  readonly onBlocked: () => void;
}

function RemoteTrack({ media, speakerId, onBlocked }: RemoteTrackProps) {
  const ref = useRef<HTMLAudioElement>(null);
  const { track, peerId, source } = media;
  useTrack(ref, track);
  // biome-ignore lint/correctness/useExhaustiveDependencies: runs once for each track
  useEffect(() => {
    ref.current?.play().catch((error: unknown) => {
      // Others don't matter: AbortError means that the track was replaced.
      if (error instanceof Error && error.name === 'NotAllowedError') {
        onBlocked();
      }
    });
  }, [track]);
  useEffect(() => {
    const element = ref.current;
    if (!element || !('setSinkId' in element)) {
      return;
    }
    element.setSinkId(speakerId).catch((error: unknown) => console.warn('speaker', error));
  }, [speakerId]);
  // biome-ignore lint/a11y/useMediaCaption: live audio has no captions
  return <audio ref={ref} autoPlay data-peer-id={peerId} data-source={source} />;
}
