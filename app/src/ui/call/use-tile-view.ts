import { type RefObject, useEffect } from 'react';
import { useSession } from '../common/session-context.ts';

/** Tells the session how large a remote tile is, and whether it is visible. */
export function useTileView(
  ref: RefObject<HTMLElement | null>,
  peerId: string,
  source: 'camera' | 'screen',
  remote: boolean,
): void {
  const session = useSession();
  useEffect(() => {
    const element = ref.current;
    if (!element || !remote) {
      return;
    }
    let onScreen = true;
    const report = () => {
      const { clientWidth: width, clientHeight: height } = element;
      const visible = onScreen && document.visibilityState === 'visible';
      session.setTileView(peerId, source, { width, height, visible });
    };
    const sizes = new ResizeObserver(report);
    const crossings = new IntersectionObserver((entries) => {
      onScreen = entries.at(-1)?.isIntersecting ?? true;
      report();
    });
    sizes.observe(element);
    crossings.observe(element);
    document.addEventListener('visibilitychange', report);
    return () => {
      sizes.disconnect();
      crossings.disconnect();
      document.removeEventListener('visibilitychange', report);
      session.setTileView(peerId, source, undefined);
    };
  }, [ref, session, peerId, source, remote]);
}
