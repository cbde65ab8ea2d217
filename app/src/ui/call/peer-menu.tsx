import { useCallback, useState } from 'react';
import { ConfirmButton } from '../common/confirm-button.tsx';
import { Dialog } from '../common/dialog.tsx';
import {
  CameraOffIcon,
  MicrophoneOffIcon,
  MoreIcon,
  RemoveIcon,
  ScreenStopIcon,
} from '../common/icons.tsx';
import { useSession, useSnapshot } from '../common/session-context.ts';

/** For moderators: a button on a peer's tile and the dialog that it opens. */
export function PeerMenu({ peerId, displayName }: { peerId: string; displayName: string }) {
  const [open, setOpen] = useState(false);
  const close = useCallback(() => setOpen(false), []);
  return (
    <>
      <button
        type="button"
        className="tile-menu"
        aria-label={`Moderate ${displayName}`}
        title={`Moderate ${displayName}`}
        aria-haspopup="dialog"
        onClick={() => setOpen(true)}
      >
        <MoreIcon />
      </button>
      {open && <PeerDialog peerId={peerId} displayName={displayName} onClose={close} />}
    </>
  );
}

interface PeerDialogProps {
  readonly peerId: string;
  readonly displayName: string;
  readonly onClose: () => void;
}

function PeerDialog({ peerId, displayName, onClose }: PeerDialogProps) {
  const { moderation } = useSession();
  const peer = useSnapshot().peers.find((one) => one.peerId === peerId);
  const act = (action: Promise<void>) => {
    void action;
    onClose();
  };
  const [microphone, camera] = [peer?.microphone?.state, peer?.camera?.state];
  return (
    <Dialog title={displayName} onClose={onClose}>
      <div className="dialog-actions">
        <button
          type="button"
          className="button"
          disabled={microphone !== 'live'}
          onClick={() => act(moderation.mutePeer(peerId, 'microphone'))}
        >
          <MicrophoneOffIcon /> Mute microphone
        </button>
        <button
          type="button"
          className="button"
          disabled={camera !== 'live'}
          onClick={() => act(moderation.mutePeer(peerId, 'camera'))}
        >
          <CameraOffIcon /> Turn camera off
        </button>
        {peer?.screen && (
          <button
            type="button"
            className="button"
            onClick={() => act(moderation.mutePeer(peerId, 'screen'))}
          >
            <ScreenStopIcon /> Stop screen share
          </button>
        )}
        <ConfirmButton
          icon={<RemoveIcon />}
          label="Remove from call"
          warning={`${displayName} can’t rejoin as long as this call lasts.`}
          confirm={`Remove ${displayName}`}
          onConfirm={() => act(moderation.removePeer(peerId))}
        />
      </div>
    </Dialog>
  );
}
