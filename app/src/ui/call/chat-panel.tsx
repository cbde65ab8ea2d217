import { Fragment, type KeyboardEvent, useEffect, useRef, useState } from 'react';
import type { ChatEntry } from '../../session/chat-log.ts';
import './chat-panel.css';
import { hueOf } from '../common/avatar.tsx';
import { CloseIcon, SendIcon } from '../common/icons.tsx';
import { useSession } from '../common/session-context.ts';
import { LinkedText } from './linked-text.tsx';

const clock = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit' });

/** Milliseconds. Messages of one sender within this time are grouped under one name. */
const groupTime = 3 * 60_000;

function beginsGroup(entry: ChatEntry, previous: ChatEntry | undefined): boolean {
  return (
    previous?.peerId !== entry.peerId ||
    previous.displayName !== entry.displayName ||
    entry.time - previous.time > groupTime
  );
}

interface ChatPanelProps {
  readonly chat: readonly ChatEntry[];
  readonly mayWrite: boolean;
  readonly onClose: () => void;
}

export function ChatPanel({ chat, mayWrite, onClose }: ChatPanelProps) {
  const list = useRef<HTMLDivElement>(null);
  const last = chat.at(-1)?.messageId;
  // biome-ignore lint/correctness/useExhaustiveDependencies: runs at each new message
  useEffect(() => {
    const element = list.current;
    if (element) {
      element.scrollTop = element.scrollHeight;
    }
  }, [last]);
  return (
    <aside
      className="chat"
      aria-label="Messages"
      onKeyDown={(event) => {
        if (event.key === 'Escape') {
          onClose();
        }
      }}
    >
      <header>
        <h2>Chat</h2>
        <button
          type="button"
          className="round small"
          aria-label="Back to the call"
          onClick={onClose}
        >
          <CloseIcon />
        </button>
      </header>
      <div className="chat-list" ref={list} role="log" aria-label="Chat" aria-live="polite">
        {chat.length === 0 && (
          <p className="chat-empty">
            No messages yet. Everyone in this room can read what you write here.
          </p>
        )}
        {chat.map((entry, at) => (
          <Fragment key={entry.messageId}>
            {beginsGroup(entry, chat[at - 1]) && (
              <p className="chat-sender" data-mine={entry.mine}>
                <b style={{ '--hue': hueOf(entry.peerId) }}>
                  {entry.mine ? 'You' : entry.displayName}
                </b>
                <time dateTime={new Date(entry.time).toISOString()}>
                  {clock.format(entry.time)}
                </time>
              </p>
            )}
            <p className="chat-text" data-mine={entry.mine}>
              <LinkedText text={entry.text} />
            </p>
          </Fragment>
        ))}
      </div>
      {mayWrite && <MessageForm />}
    </aside>
  );
}

function MessageForm() {
  const session = useSession();
  const [text, setText] = useState('');
  const field = useRef<HTMLTextAreaElement>(null);
  useEffect(() => field.current?.focus(), []);
  const send = async () => {
    const message = text.trim();
    if (message === '') {
      return;
    }
    setText('');
    // A message that could not be sent returns to the field, unless the user is writing another one.
    if (!(await session.sendChat(message))) {
      setText((current) => (current === '' ? message : current));
    }
  };
  const onKeyDown = (event: KeyboardEvent) => {
    // While an input method is composing, Enter confirms its input.
    if (event.key !== 'Enter' || event.shiftKey || event.nativeEvent.isComposing) {
      return;
    }
    event.preventDefault();
    void send();
  };
  return (
    <form
      className="chat-form"
      onSubmit={(event) => {
        event.preventDefault();
        void send();
      }}
    >
      <textarea
        ref={field}
        aria-label="Message"
        placeholder="Write a message"
        rows={1}
        maxLength={2000}
        value={text}
        onChange={(event) => setText(event.target.value)}
        onKeyDown={onKeyDown}
      />
      <button
        type="submit"
        className="round small send"
        aria-label="Send"
        disabled={text.trim() === ''}
      >
        <SendIcon />
      </button>
    </form>
  );
}
