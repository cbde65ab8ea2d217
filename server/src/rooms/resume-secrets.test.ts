import { expect, test } from 'vitest';
import { ResumeSecrets } from './resume-secrets.ts';

test('a secret is used up when the welcome after it has been answered, and not before', () => {
  const secrets = new ResumeSecrets();
  const first = secrets.next();
  secrets.answered();
  const second = secrets.next();
  expect([first, second].map((secret) => secrets.allow(secret))).toEqual([true, true]);
  secrets.answered();
  expect([first, second].map((secret) => secrets.allow(secret))).toEqual([false, true]);
});

test('however many welcomes are lost, the last answered one and the newest are good', () => {
  const secrets = new ResumeSecrets();
  const known = secrets.next();
  secrets.answered();
  const lost = Array.from({ length: 100 }, () => secrets.next());
  expect(secrets.allow(known)).toBe(true);
  expect(lost.filter((secret) => secrets.allow(secret))).toEqual(lost.slice(-7));
});

test('nothing else is allowed', () => {
  const secrets = new ResumeSecrets();
  const secret = secrets.next();
  for (const wrong of ['', secret.slice(1), `${secret}x`, 'é'.repeat(16), secret.toLowerCase()]) {
    expect(secrets.allow(wrong)).toBe(false);
  }
});
