import { type ReactNode, useEffect, useState } from 'react';
import { basePath } from '../../page/base-path.ts';
import { newRoomId } from '../../page/ids.ts';
import { invitationUrl } from '../../page/page-url.ts';
import { copyText } from './copy-text.ts';
import { CheckIcon, InviteIcon } from './icons.tsx';

/** Leads to a new room. Not shown to users who came by invitation, because their token is for one room only. */
export function NewRoomLink({ className, children }: { className?: string; children: ReactNode }) {
  const [roomId] = useState(newRoomId);
  return (
    <a className={className} href={`${basePath}?roomId=${roomId}`}>
      {children}
    </a>
  );
}

type CopyState = 'idle' | 'copied' | 'failed';

const copyLabels: Record<CopyState, string> = {
  idle: '',
  copied: 'Copied',
  failed: 'Copy the address of this page instead',
};

/** Copies the link to this room. */
export function InviteButton({ roomId }: { roomId: string }) {
  const [state, setState] = useState<CopyState>('idle');
  useEffect(() => {
    if (state === 'idle') {
      return;
    }
    const timer = setTimeout(() => setState('idle'), 2_500);
    return () => clearTimeout(timer);
  }, [state]);
  const copy = async () => {
    const copied = await copyText(invitationUrl(location.href, roomId));
    setState(copied ? 'copied' : 'failed');
  };
  return (
    <span className="invite">
      <button
        type="button"
        className="round"
        aria-label="Copy invitation"
        title="Copy invitation"
        onClick={() => void copy()}
      >
        {state === 'copied' ? <CheckIcon /> : <InviteIcon />}
      </button>
      <span className="bubble" role="status" data-shown={state !== 'idle'}>
        {copyLabels[state]}
      </span>
    </span>
  );
}
