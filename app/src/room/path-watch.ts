import type { MediaPath } from './media-paths.ts';

/** How often the way that media takes is looked at, in milliseconds. */
const interval = { connecting: 400, connected: 2_500 } as const;

/**
 * Looks at the ways that media takes again and again: soon while nothing is connected.
 *
 * @param look - gives the paths at this moment
 * @param onPaths - called after each look
 * @returns ends it
 */
export function watchPaths(
  look: () => Promise<MediaPath[]>,
  onPaths: (paths: MediaPath[]) => void,
): () => void {
  let over = false;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const again = async () => {
    const paths = await look().catch((error: unknown) => {
      if (!over) console.warn('looking at the paths failed', error);
      return [];
    });
    if (over) return;
    onPaths(paths);
    const connected = paths.some(({ state }) => state === 'in-use');
    timer = setTimeout(() => void again(), connected ? interval.connected : interval.connecting);
  };
  void again();
  return () => {
    over = true;
    clearTimeout(timer);
  };
}
