import { useEffect } from 'react';
import type { Notice } from '../../session/snapshot.ts';
import { CloseIcon } from './icons.tsx';
import { useSession } from './session-context.ts';
import './toasts.css';
import { noticeWords } from './labels.ts';

/** How long a notice stays, in milliseconds: bad news are read more than once. That the server stops, until it does. */
const stay = { info: 4_000, warning: 10_000, error: 10_000 } as const;

export function Toasts({ notices }: { notices: readonly Notice[] }) {
  return (
    <section className="toasts" aria-live="polite" aria-label="Notices">
      {notices.map((notice) => (
        <Toast key={notice.id} notice={notice} />
      ))}
    </section>
  );
}

function Toast({ notice }: { notice: Notice }) {
  const session = useSession();
  const { text, tone } = noticeWords(notice);
  useEffect(() => {
    const shown =
      notice.type === 'server-stopping' ? Math.max(stay[tone], notice.at - Date.now()) : stay[tone];
    const timer = setTimeout(() => session.dismissNotice(notice.id), shown);
    return () => clearTimeout(timer);
  }, [session, notice, tone]);
  return (
    <div className="toast" data-tone={tone}>
      <span>{text}</span>
      <button type="button" aria-label="Dismiss" onClick={() => session.dismissNotice(notice.id)}>
        <CloseIcon />
      </button>
    </div>
  );
}
