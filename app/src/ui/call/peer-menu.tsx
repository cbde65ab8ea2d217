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

/** What a moderator can do about somebody: a button on the tile, and the dialog that it opens. */
export function PersonMenu({ peerId, displayName }: { peerId: string; displayName: string }) {
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
      {open && <PersonDialog peerId={peerId} displayName={displayName} onClose={close} />}
    </>
  );
}

interface PersonDialogProps {
  readonly peerId: string;
  readonly displayName: string;
  readonly onClose: () => void;
}

function PersonDialog({ peerId, displayName, onClose }: PersonDialogProps) {
  const { moderation } = useSession();
  const person = useSnapshot().people.find((one) => one.peerId === peerId);
  const act = (action: Promise<void>) => {
    void action;
    onClose();
  };
  const [microphone, camera] = [person?.microphone?.state, person?.camera?.state];
  return (
    <Dialog title={displayName} onClose={onClose}>
      <div className="dialog-actions">
        <button
          type="button"
          className="button"
          disabled={microphone !== 'live'}
          onClick={() => act(moderation.mute(peerId, 'microphone'))}
        >
          <MicrophoneOffIcon /> Mute microphone
        </button>
        <button
          type="button"
          className="button"
          disabled={camera !== 'live'}
          onClick={() => act(moderation.mute(peerId, 'camera'))}
        >
          <CameraOffIcon /> Turn camera off
        </button>
        {person?.screen && (
          <button
            type="button"
            className="button"
            onClick={() => act(moderation.mute(peerId, 'screen'))}
          >
            <ScreenStopIcon /> Stop screen share
          </button>
        )}
        <ConfirmButton
          icon={<RemoveIcon />}
          label="Remove from call"
          warning={`${displayName} can’t come back as long as this call lasts.`}
          confirm={`Remove ${displayName}`}
          onConfirm={() => act(moderation.remove(peerId))}
        />
      </div>
    </Dialog>
  );
}
