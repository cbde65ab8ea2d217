import { useEffect, useRef, useState } from 'react';
import type { RemoteMedia } from '../../media/consumers.ts';
import type { Person } from '../../session/remote-peers.ts';
import { SoundIcon } from '../common/icons.tsx';
import { useTrack } from '../common/use-track.ts';

/** Everybody's voices. Browsers may want a click before they play any. */
export function RemoteAudio({
  people,
  speakerId,
}: {
  people: readonly Person[];
  speakerId: string;
}) {
  const [blocked, setBlocked] = useState(false);
  const ref = useRef<HTMLDivElement>(null);
  const voices = people.flatMap(({ microphone, screenAudio }) =>
    [microphone, screenAudio].filter((media) => media !== undefined),
  );
  const hear = () => {
    const elements = ref.current?.querySelectorAll('audio') ?? [];
    Promise.all(Array.from(elements, (element) => element.play())).then(
      () => setBlocked(false),
      (error: unknown) => console.warn('sound is still blocked', error),
    );
  };
  return (
    <div ref={ref}>
      {voices.map((media) => (
        <Voice
          key={media.consumerId}
          media={media}
          speakerId={speakerId}
          onBlocked={() => setBlocked(true)}
        />
      ))}
      {blocked && (
        <button type="button" className="button primary hear" onClick={hear}>
          <SoundIcon /> Click to hear the others
        </button>
      )}
    </div>
  );
}

interface VoiceProps {
  readonly media: RemoteMedia;
  readonly speakerId: string;
  readonly onBlocked: () => void;
}

function Voice({ media, speakerId, onBlocked }: VoiceProps) {
  const ref = useRef<HTMLAudioElement>(null);
  const { track, peerId, source } = media;
  useTrack(ref, track);
  // biome-ignore lint/correctness/useExhaustiveDependencies: once for each track
  useEffect(() => {
    ref.current?.play().catch((error: unknown) => {
      // AbortError: another track has taken its place meanwhile.
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
  // biome-ignore lint/a11y/useMediaCaption: live voices have no captions
  return <audio ref={ref} autoPlay data-peer-id={peerId} data-source={source} />;
}
