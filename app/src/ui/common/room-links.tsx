import { type ReactNode, useState } from 'react';
import { newRoomId } from '../../page/ids.ts';

/** Leads to a room that nobody else knows of yet. Not for those who came by invitation: they would not get in there. */
export function NewRoomLink({ className, children }: { className?: string; children: ReactNode }) {
  const [roomId] = useState(newRoomId);
  return (
    <a className={className} href={`/?roomId=${roomId}`}>
      {children}
    </a>
  );
}
