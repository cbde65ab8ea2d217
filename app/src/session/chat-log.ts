/** The chat: history and live messages, each once, in the order of the server's clock. */
import type { ChatMessage } from '@oneport/protocol';

export interface ChatEntry extends ChatMessage {
  readonly mine: boolean;
}

const mostEntries = 1000;

/**
 * @param entries - what is there
 * @param messages - what has come; a message that is there already replaces it
 * @param isMine - whether a peer id is or was mine
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
  // Sorting is stable: messages of the same millisecond stay in the order in which they came.
  return [...byId.values()].sort((one, other) => one.time - other.time).slice(-mostEntries);
}
