/** The chat: history and live messages without duplicates, ordered by the server's clock. */
import type { ChatMessage } from '@oneport/protocol';

export interface ChatEntry extends ChatMessage {
  readonly mine: boolean;
}

const maxEntries = 1000;

/**
 * @param messages - new ones; one that is among the entries already replaces it
 * @param isMine - whether a peer id is or was that of the local peer
 * @returns the same array if there is nothing to add
 */
export function mergeChat(
  entries: readonly ChatEntry[],
  messages: readonly ChatMessage[],
  isMine: (peerId: string) => boolean,
): readonly ChatEntry[] {
  if (messages.length === 0) {
    return entries;
  }
  const byId = new Map(entries.map((entry) => [entry.messageId, entry]));
  for (const message of messages) {
    byId.set(message.messageId, { ...message, mine: isMine(message.peerId) });
  }
  // Sorting is stable: messages of the same millisecond stay in the order in which they arrived.
  return [...byId.values()].sort((one, other) => one.time - other.time).slice(-maxEntries);
}
