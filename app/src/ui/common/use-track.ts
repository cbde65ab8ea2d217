import { type RefObject, useEffect } from 'react';

/** Plays a track in a media element. */
export function useTrack(
  ref: RefObject<HTMLMediaElement | null>,
  track: MediaStreamTrack | undefined,
): void {
  useEffect(() => {
    const element = ref.current;
    if (!element) {
      return;
    }
    element.srcObject = track ? new MediaStream([track]) : null;
    return () => {
      element.srcObject = null;
    };
  }, [ref, track]);
}
