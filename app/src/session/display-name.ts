import { displayNameSchema } from '@oneport/protocol';

/** What to be called if what was typed can't be a name: nobody shall fail to join for want of one. */
export function nameOrGuest(typed: string): string {
  const valid = displayNameSchema.safeParse(typed);
  return valid.success ? valid.data : 'Guest';
}
