/** A set that forgets its oldest member when it is full. */
export class BoundedSet {
  readonly #members = new Set<string>();
  readonly #most: number;

  /** @param most - how many it holds: 1 or more */
  constructor(most: number) {
    this.#most = most;
  }

  add(member: string): void {
    // Anew: it is the youngest again.
    this.#members.delete(member);
    this.#members.add(member);
    const [oldest] = this.#members;
    if (this.#members.size > this.#most && oldest !== undefined) {
      this.#members.delete(oldest);
    }
  }

  delete(member: string): void {
    this.#members.delete(member);
  }

  has(member: string): boolean {
    return this.#members.has(member);
  }
}
