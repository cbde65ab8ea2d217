import { useEffect } from 'react';
import type { Notice } from '../../session/notices.ts';
import { CloseIcon } from './icons.tsx';
import { useSession } from './session-context.ts';
import './toasts.css';
import { noticeLabel } from './labels.ts';

/** Milliseconds for which a notice is shown. The one about a stopping server stays until then. */
const duration = { info: 4_000, warning: 10_000, error: 10_000 } as const;

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
  const { text, tone } = noticeLabel(notice);
  useEffect(() => {
    const remaining = notice.type === 'server-stopping' ? notice.at - Date.now() : 0;
    const timer = setTimeout(
      () => session.dismissNotice(notice.id),
      Math.max(duration[tone], remaining),
    );
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
