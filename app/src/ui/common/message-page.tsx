import { type ReactNode, useRef } from 'react';
import './message-page.css';
import { useInitialFocus } from './hooks.ts';
import { LogoIcon } from './icons.tsx';

export interface MessagePageProps {
  readonly title: string;
  readonly text: string;
  /** Shows that the page waits for something. */
  readonly busy?: boolean;
  /** Buttons and links. */
  readonly children: ReactNode;
}

/** A page that consists of a title, a sentence, and what to do next. */
export function MessagePage({ title, text, busy = false, children }: MessagePageProps) {
  const heading = useRef<HTMLHeadingElement>(null);
  useInitialFocus(heading);
  return (
    <main className="message-page">
      <LogoIcon />
      <h1 ref={heading} tabIndex={-1}>
        {title}
      </h1>
      <p>{text}</p>
      {busy && (
        <div className="waiting-dots" aria-hidden="true">
          <span />
          <span />
          <span />
        </div>
      )}
      <div className="message-page-actions">{children}</div>
    </main>
  );
}
