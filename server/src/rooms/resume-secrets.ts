import { randomBytes, timingSafeEqual } from 'node:crypto';

/** How many secrets whose `welcome` was never answered are remembered. */
const longest = 8;

/**
 * The secrets by which one peer takes its own place again. Each `welcome` brings one, and the answer to it uses up
 * those before: until it comes, `welcome` may have been lost, and the peer may know only an earlier one.
 */
export class ResumeSecrets {
  #valid: string[] = [];

  /** @returns a new one: 192 random bits, as base64url (RFC 4648, section 5) */
  next(): string {
    const secret = randomBytes(24).toString('base64url');
    // The oldest is the one that has been answered: the peer is sure to know it.
    if (this.#valid.length >= longest) {
      this.#valid.splice(1, 1);
    }
    this.#valid.push(secret);
    return secret;
  }

  /** The newest has arrived: those before it are used up. */
  answered(): void {
    this.#valid = this.#valid.slice(-1);
  }

  /** @param secret - what somebody brings who claims to be this peer */
  allow(secret: string): boolean {
    const given = Buffer.from(secret);
    // Each is compared, so that the time says nothing.
    return this.#valid
      .map((valid) => Buffer.from(valid))
      .map((valid) => valid.length === given.length && timingSafeEqual(valid, given))
      .includes(true);
  }
}
