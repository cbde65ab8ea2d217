import { peerIdSchema, roomIdSchema, uuidSchema } from '@oneport/protocol';
import { expect, test } from 'vitest';
import { newPeerId, newRoomId, newUuid } from './ids.ts';

test('makes unique ids that the server accepts', () => {
  for (const [make, schema] of [
    [newUuid, uuidSchema],
    [newPeerId, peerIdSchema],
    [newRoomId, roomIdSchema],
  ] as const) {
    const made = Array.from({ length: 200 }, make);
    for (const id of made) {
      expect(schema.safeParse(id).success, id).toBe(true);
    }
    expect(new Set(made).size).toBe(200);
  }
});

test('makes version 4 UUIDs', () => {
  expect(newUuid()).toMatch(
    /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/,
  );
});
