import type { ChatMessage } from '@oneport/protocol';

const longest = 100;

/** What was said in a room lately. It outlives the channel that carries it. */
export class ChatHistory {
  readonly #messages: ChatMessage[] = [];

  /** Oldest first. */
  get messages(): readonly ChatMessage[] {
    return this.#messages;
  }

  add(message: ChatMessage): void {
    this.#messages.push(message);
    if (this.#messages.length > longest) {
      this.#messages.shift();
    }
  }
}
