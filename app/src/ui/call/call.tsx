import { useEffect, useMemo, useRef, useState } from 'react';
import { isInUse } from '../../network/media-paths.ts';
import type { ChatEntry } from '../../session/chat-log.ts';
import type { Snapshot } from '../../session/snapshot.ts';
import './call.css';
import { DeviceProblems } from '../common/device-problems.tsx';
import { LogoIcon } from '../common/icons.tsx';
import { MediaLostBanner, TroubleBanner } from '../common/reconnect-banner.tsx';
import { useSession } from '../common/session-context.ts';
import { ChatPanel } from './chat-panel.tsx';
import { LobbyRequests } from './lobby-requests.tsx';
import { PortBadge } from './port-badge.tsx';
import { RemoteAudio } from './remote-audio.tsx';
import { RoomMenu } from './room-menu.tsx';
import { Stage } from './stage.tsx';
import { Toolbar } from './toolbar.tsx';
import { useShortcuts } from './use-shortcuts.ts';

/** How many of the others' messages have come since the panel was last open. */
function useUnread(chat: readonly ChatEntry[], open: boolean): number {
  // What was written before I came in is history, not news.
  const [seen, setSeen] = useState(() => new Set(chat.map(({ messageId }) => messageId)));
  useEffect(() => {
    if (open) {
      setSeen(new Set(chat.map(({ messageId }) => messageId)));
    }
  }, [chat, open]);
  return open ? 0 : chat.filter(({ mine, messageId }) => !mine && !seen.has(messageId)).length;
}

export function Call({ snapshot }: { snapshot: Snapshot }) {
  const session = useSession();
  const { phase, self, people, activeSpeaker, chat, media, roomId, chosen, moderation } = snapshot;
  const [chatOpen, setChatOpen] = useState(false);
  const chatButton = useRef<HTMLButtonElement>(null);
  const unread = useUnread(chat, chatOpen);
  const closeChat = () => {
    setChatOpen(false);
    chatButton.current?.focus();
  };
  useShortcuts(
    useMemo(() => {
      const mine = () => session.getSnapshot().self;
      const publish: Record<string, () => void> = {
        m: () => void session.devices.setMicrophone(mine().microphone.state !== 'on'),
        v: () => void session.devices.setCamera(mine().camera.state !== 'on'),
        s: () => {
          if (mine().screen.state === 'on') {
            session.devices.stopScreen();
          } else if (mine().screen.state === 'off') {
            void session.devices.shareScreen();
          }
        },
      };
      return {
        ...(self.role === 'participant' && publish),
        c: () => setChatOpen((open) => !open),
      };
    }, [session, self.role]),
  );
  return (
    <main className="call" data-chat={chatOpen}>
      <header className="call-header">
        <h1>
          <LogoIcon />
          <span>{roomId}</span>
        </h1>
        <p className="call-count">
          {people.length === 0 ? 'Just you' : `${people.length + 1} people`}
        </p>
        <RoomMenu locked={moderation.locked} moderate={moderation.permissions.moderate} />
        {media && <PortBadge media={media} />}
      </header>
      <div className="call-messages">
        {phase.state === 'reconnecting' && phase.trouble && (
          <TroubleBanner
            trouble={phase.trouble}
            mediaGoesOn={!phase.trouble.serverGone && media !== undefined && isInUse(media.paths)}
          />
        )}
        {phase.state === 'joined' && media?.lost && <MediaLostBanner />}
        {moderation.permissions.moderate && <LobbyRequests lobby={moderation.lobby} />}
        {phase.state === 'joined' && (
          <CallProblems microphone={self.microphone} camera={self.camera} />
        )}
      </div>
      <Stage
        self={self}
        people={people}
        activeSpeaker={activeSpeaker}
        moderate={moderation.permissions.moderate}
        byInvitation={snapshot.byInvitation}
      />
      {chatOpen && (
        <ChatPanel chat={chat} mayWrite={moderation.permissions.chat} onClose={closeChat} />
      )}
      <footer className="call-footer">
        <Toolbar
          snapshot={snapshot}
          chat={{
            open: chatOpen,
            unread,
            toggle: () => setChatOpen(!chatOpen),
            button: chatButton,
          }}
        />
      </footer>
      <RemoteAudio people={people} speakerId={chosen.speakerId} />
    </main>
  );
}

type Sources = Pick<Snapshot['self'], 'microphone' | 'camera'>;

/** Who came in without a device knows it already: only what has changed since is told. */
function CallProblems({ microphone, camera }: Sources) {
  const [known] = useState<Sources>({ microphone, camera });
  const [dismissed, dismiss] = useState<Sources>(known);
  const news = (name: keyof Sources, source: Sources[keyof Sources]) =>
    source === known[name] || source === dismissed[name] ? ({ state: 'off' } as const) : source;
  const fresh = { microphone: news('microphone', microphone), camera: news('camera', camera) };
  const any = fresh.microphone.state === 'problem' || fresh.camera.state === 'problem';
  if (!any) {
    return null;
  }
  return (
    <div className="call-problem">
      <DeviceProblems {...fresh} />
      <button type="button" className="button" onClick={() => dismiss({ microphone, camera })}>
        Understood
      </button>
    </div>
  );
}
