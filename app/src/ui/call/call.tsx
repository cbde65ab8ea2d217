import { useEffect, useMemo, useRef, useState } from 'react';
import { isTurnedOn } from '../../devices/local-device.ts';
import type { ChatEntry } from '../../session/chat-log.ts';
import type { Snapshot } from '../../session/snapshot.ts';
import './call.css';
import { DeviceProblems, problemWith } from '../common/device-problems.tsx';
import { LogoIcon } from '../common/icons.tsx';
import { MediaLostBanner, ReconnectBanner } from '../common/reconnect-banner.tsx';
import { useSession } from '../common/session-context.ts';
import { ChatPanel } from './chat-panel.tsx';
import { LobbyRequests } from './lobby-requests.tsx';
import { PortBadge } from './port-badge.tsx';
import { RemoteAudio } from './remote-audio.tsx';
import { RoomMenu } from './room-menu.tsx';
import { Stage } from './stage.tsx';
import { Toolbar } from './toolbar.tsx';
import { useShortcuts } from './use-shortcuts.ts';

/** The number of messages from others since the chat was last open. */
function useUnread(chat: readonly ChatEntry[], open: boolean): number {
  // Messages from before the join don't count as unread.
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
  const { phase, self, peers, activeSpeaker, chat, media, roomId, chosen, moderation } = snapshot;
  const [chatOpen, setChatOpen] = useState(false);
  const chatButton = useRef<HTMLButtonElement>(null);
  const unread = useUnread(chat, chatOpen);
  const closeChat = () => {
    setChatOpen(false);
    chatButton.current?.focus();
  };
  useShortcuts(
    useMemo(() => {
      const own = () => session.getSnapshot().self;
      const publish: Record<string, () => void> = {
        m: () => {
          const { microphone, wanted } = own();
          void session.devices.setMicrophone(!isTurnedOn(microphone, wanted.microphone));
        },
        v: () => {
          const { camera, wanted } = own();
          void session.devices.setCamera(!isTurnedOn(camera, wanted.camera));
        },
        s: () => {
          if (own().screen.state === 'on') {
            session.devices.stopScreen();
          } else if (own().screen.state === 'off') {
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
          {peers.length === 0 ? 'Just you' : `${peers.length + 1} people`}
        </p>
        <RoomMenu locked={moderation.locked} moderate={moderation.permissions.moderate} />
        {media && <PortBadge media={media} />}
      </header>
      <div className="call-messages">
        {phase.state === 'reconnecting' && phase.problem && (
          <ReconnectBanner
            problem={phase.problem}
            mediaContinues={!phase.problem.serverGone && media?.connected === true}
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
        peers={peers}
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
      <RemoteAudio peers={peers} speakerId={chosen.speakerId} />
    </main>
  );
}

type Sources = Pick<Snapshot['self'], 'microphone' | 'camera'>;

/** Shows only problems that occurred during the call: the prejoin screen has shown the earlier ones. */
function CallProblems({ microphone, camera }: Sources) {
  const [known] = useState<Sources>({ microphone, camera });
  const [dismissed, dismiss] = useState<Sources>(known);
  const withoutKnown = (name: keyof Sources, source: Sources[keyof Sources]) =>
    source === known[name] || source === dismissed[name] ? ({ state: 'off' } as const) : source;
  const fresh = {
    microphone: withoutKnown('microphone', microphone),
    camera: withoutKnown('camera', camera),
  };
  if (!problemWith(fresh.microphone) && !problemWith(fresh.camera)) {
    return null;
  }
  return (
    <div className="call-problem">
      <DeviceProblems {...fresh} inCall />
      <button type="button" className="button" onClick={() => dismiss({ microphone, camera })}>
        Dismiss
      </button>
    </div>
  );
}
