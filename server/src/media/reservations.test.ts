import { expect, test } from 'vitest';
import { Reservations } from './reservations.ts';

test('counts what is to be created until it is, the oldest first', () => {
  const reservations = new Reservations(60_000);
  reservations.add(2);
  reservations.add(0);
  reservations.add(1);
  expect(reservations.total).toBe(3);
  for (const left of [2, 1, 0, 0]) {
    reservations.fulfil();
    expect(reservations.total).toBe(left);
  }
});

test('forgets what is not created in time, and not what was created', async () => {
  const reservations = new Reservations(10);
  reservations.add(5);
  reservations.fulfil();
  reservations.add(1);
  await expect.poll(() => reservations.total).toBe(0);
});
