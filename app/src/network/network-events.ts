/** What browsers tell of the network that they have: little, but at once. */

/** W3C Network Information; Chromium on Android and ChromeOS has it. */
interface NetworkInformation extends EventTarget {
  readonly type?: string;
}

/**
 * @param onChange - called when there is a network again, or another one
 * @returns ends it
 */
export function watchForNetworks(onChange: () => void): () => void {
  const ending = new AbortController();
  const { signal } = ending;
  window.addEventListener('online', onChange, { signal });
  const network = (navigator as { connection?: NetworkInformation }).connection;
  let type = network?.type;
  network?.addEventListener(
    'change',
    () => {
      // It tells of each new estimate of the bandwidth too.
      if (network.type === type) {
        return;
      }
      type = network.type;
      if (type !== 'none') {
        onChange();
      }
    },
    { signal },
  );
  return () => ending.abort();
}
