import { expect, test } from 'vitest';
import { ResumeSecrets } from './resume-secrets.ts';

test('a secret is valid until the welcome after it has been answered', () => {
  const secrets = new ResumeSecrets();
  const first = secrets.next();
  secrets.answered();
  const second = secrets.next();
  expect([first, second].map((secret) => secrets.accepts(secret))).toEqual([true, true]);
  secrets.answered();
  expect([first, second].map((secret) => secrets.accepts(secret))).toEqual([false, true]);
});

test('however many welcomes get lost, the last answered secret and the newest ones are valid', () => {
  const secrets = new ResumeSecrets();
  const known = secrets.next();
  secrets.answered();
  const lost = Array.from({ length: 100 }, () => secrets.next());
  expect(secrets.accepts(known)).toBe(true);
  expect(lost.filter((secret) => secrets.accepts(secret))).toEqual(lost.slice(-7));
});

test('accepts nothing else', () => {
  const secrets = new ResumeSecrets();
  const secret = secrets.next();
  for (const wrong of ['', secret.slice(1), `${secret}x`, 'é'.repeat(16), secret.toLowerCase()]) {
    expect(secrets.accepts(wrong)).toBe(false);
  }
});
