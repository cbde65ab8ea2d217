/** Network changes as browsers report them: incompletely, but at once. */

/** W3C Network Information; Chromium on Android and ChromeOS has it. */
interface NetworkInformation extends EventTarget {
  readonly type?: string;
}

/**
 * @param onChange - called when the browser is online again or uses another network
 * @returns stops watching
 */
export function watchNetworkChanges(onChange: () => void): () => void {
  const ending = new AbortController();
  const { signal } = ending;
  window.addEventListener('online', onChange, { signal });
  const network = (navigator as { connection?: NetworkInformation }).connection;
  let type = network?.type;
  network?.addEventListener(
    'change',
    () => {
      // The event also fires for each new bandwidth estimate.
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
