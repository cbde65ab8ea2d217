import { createContext, useContext, useSyncExternalStore } from 'react';
import type { RoomSession } from '../../session/session.ts';
import type { Snapshot } from '../../session/snapshot.ts';

export const SessionContext = createContext<RoomSession | undefined>(undefined);

export function useSession(): RoomSession {
  const session = useContext(SessionContext);
  if (!session) {
    throw new Error('useSession() outside of SessionContext');
  }
  return session;
}

export function useSnapshot(): Snapshot {
  const session = useSession();
  return useSyncExternalStore(session.subscribe, session.getSnapshot);
}
