import { useEffect } from 'react';

const typing = 'input, textarea, select, [contenteditable]';

/**
 * Single keys that do something, as long as nobody is typing and no modifier is held.
 *
 * @param actions - by key, in lower case
 */
export function useShortcuts(actions: Readonly<Record<string, () => void>>): void {
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (event.ctrlKey || event.metaKey || event.altKey || event.repeat) {
        return;
      }
      if (event.target instanceof Element && event.target.closest(typing)) {
        return;
      }
      const key = event.key.toLowerCase();
      if (!Object.hasOwn(actions, key)) {
        return;
      }
      event.preventDefault();
      actions[key]?.();
    };
    document.addEventListener('keydown', onKey);
    return () => document.removeEventListener('keydown', onKey);
  }, [actions]);
}
