import { useEffect } from 'react';

const typing = 'input, textarea, select, [contenteditable]';

/**
 * Runs an action when its key is pressed, unless the user is typing or holds a modifier key.
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
