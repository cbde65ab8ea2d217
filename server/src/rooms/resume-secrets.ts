import { randomBytes, timingSafeEqual } from 'node:crypto';

/** How many secrets are valid at most, when the `welcome` messages that brought them are not answered. */
const maxValid = 8;

/**
 * The secrets with which a client can resume one peer. Each `welcome` brings one, and answering it invalidates the
 * earlier ones: until then, the `welcome` may have got lost, and the client may know only an earlier secret.
 */
export class ResumeSecrets {
  #valid: string[] = [];

  /** @returns a new secret: 192 random bits in base64url (RFC 4648, section 5) */
  next(): string {
    const secret = randomBytes(24).toString('base64url');
    // The oldest one has been answered, so the client knows it.
    if (this.#valid.length >= maxValid) {
      this.#valid.splice(1, 1);
    }
    this.#valid.push(secret);
    return secret;
  }

  /** The client has the newest secret: the earlier ones become invalid. */
  answered(): void {
    this.#valid = this.#valid.slice(-1);
  }

  accepts(secret: string): boolean {
    const given = Buffer.from(secret);
    // All are compared, so that the time reveals nothing.
    return this.#valid
      .map((valid) => Buffer.from(valid))
      .map((valid) => valid.length === given.length && timingSafeEqual(valid, given))
      .includes(true);
  }
}
