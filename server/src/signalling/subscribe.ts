import type { EventEmitter } from 'node:events';

/**
 * Adds several listeners at once.
 *
 * @param listeners - by their events
 * @returns removes them
 */
export function subscribe<Events extends Record<keyof Events, unknown[]>>(
  emitter: EventEmitter<Events>,
  listeners: { [E in keyof Events]: (...args: Events[E]) => void },
): () => void {
  const entries = Object.entries(listeners) as [string, (...args: unknown[]) => void][];
  // What is listened to here is typed above; node's own types can't follow a loop over it.
  const untyped = emitter as unknown as EventEmitter;
  for (const [event, listener] of entries) {
    untyped.on(event, listener);
  }
  return () => {
    for (const [event, listener] of entries) {
      untyped.off(event, listener);
    }
  };
}
