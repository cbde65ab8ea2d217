import { type Ref, useCallback, useEffect, useRef, useState } from 'react';
import type { Snapshot } from '../../session/snapshot.ts';
import { DeviceChoices } from '../common/device-choices.tsx';
import { ChatIcon, DevicesIcon, LeaveIcon, ScreenIcon, ScreenStopIcon } from '../common/icons.tsx';
import { MediaToggles } from '../common/media-toggles.tsx';
import { useSession } from '../common/session-context.ts';
import './toolbar.css';
import { useDismiss } from '../common/hooks.ts';
import { InviteButton } from '../common/room-links.tsx';

export interface ToolbarProps {
  readonly snapshot: Snapshot;
  readonly chat: {
    readonly open: boolean;
    readonly unread: number;
    readonly toggle: () => void;
    readonly button: Ref<HTMLButtonElement>;
  };
}

export function Toolbar({ snapshot, chat }: ToolbarProps) {
  const session = useSession();
  const { self, devices, chosen, roomId, byInvitation } = snapshot;
  const participant = self.role === 'participant';
  return (
    <div className="toolbar">
      {participant && <MediaToggles self={self} />}
      {participant && self.screen.state !== 'unsupported' && <ShareButton screen={self.screen} />}
      <button
        type="button"
        ref={chat.button}
        className="round"
        data-on={chat.open}
        aria-label={chat.open ? 'Close chat' : 'Open chat'}
        aria-describedby={chat.unread > 0 ? 'unread' : undefined}
        title={`${chat.open ? 'Close chat' : 'Open chat'} (C)`}
        onClick={chat.toggle}
      >
        <ChatIcon />
        {chat.unread > 0 && (
          <span className="unread" id="unread">
            {Math.min(chat.unread, 99)}
            <span className="visually-hidden"> unread</span>
          </span>
        )}
      </button>
      {!byInvitation && <InviteButton roomId={roomId} />}
      <DevicesMenu devices={devices} chosen={chosen} />
      <button
        type="button"
        className="round leave"
        aria-label="Leave"
        title="Leave"
        onClick={() => session.leave()}
      >
        <LeaveIcon />
      </button>
    </div>
  );
}

function ShareButton({ screen }: { screen: Snapshot['self']['screen'] }) {
  const session = useSession();
  const sharing = screen.state === 'on';
  return (
    <button
      type="button"
      className="round"
      data-on={sharing}
      aria-label={sharing ? 'Stop sharing' : 'Share screen'}
      title={`${sharing ? 'Stop sharing' : 'Share screen'} (S)`}
      onClick={() => (sharing ? session.devices.stopScreen() : void session.devices.shareScreen())}
    >
      {sharing ? <ScreenStopIcon /> : <ScreenIcon />}
    </button>
  );
}

function DevicesMenu({ devices, chosen }: Pick<Snapshot, 'devices' | 'chosen'>) {
  const [open, setOpen] = useState(false);
  const ref = useRef<HTMLDivElement>(null);
  const button = useRef<HTMLButtonElement>(null);
  const close = useCallback(() => {
    setOpen(false);
    button.current?.focus();
  }, []);
  useDismiss(ref, open, close);
  useEffect(() => {
    if (open) {
      ref.current?.querySelector('select')?.focus();
    }
  }, [open]);
  return (
    <div className="devices" ref={ref}>
      <button
        type="button"
        ref={button}
        className="round"
        data-on={open}
        aria-label="Devices"
        title="Devices"
        aria-expanded={open}
        aria-haspopup="dialog"
        onClick={() => (open ? close() : setOpen(true))}
      >
        <DevicesIcon />
      </button>
      {open && (
        <div className="popover" role="dialog" aria-label="Devices">
          <DeviceChoices devices={devices} chosen={chosen} />
        </div>
      )}
    </div>
  );
}
