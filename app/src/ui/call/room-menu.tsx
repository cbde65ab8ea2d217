import { useCallback, useState } from 'react';
import { ConfirmButton } from '../common/confirm-button.tsx';
import { Dialog } from '../common/dialog.tsx';
import { EndIcon, LockIcon, UnlockIcon } from '../common/icons.tsx';
import './room-menu.css';
import { useSession } from '../common/session-context.ts';

interface RoomMenuProps {
  readonly locked: boolean;
  readonly moderate: boolean;
}

/** Shows whether the room is locked. For moderators, a button to change that. */
export function RoomMenu({ locked, moderate }: RoomMenuProps) {
  const [open, setOpen] = useState(false);
  const close = useCallback(() => setOpen(false), []);
  if (!moderate) {
    return locked ? (
      <span
        className="room-badge"
        role="img"
        aria-label="Locked: new participants need to be admitted"
      >
        <LockIcon /> <span>Locked</span>
      </span>
    ) : null;
  }
  return (
    <>
      <button
        type="button"
        className="room-badge"
        data-locked={locked}
        aria-haspopup="dialog"
        aria-label={`Moderate the room (${locked ? 'locked' : 'open'})`}
        onClick={() => setOpen(true)}
      >
        {locked ? <LockIcon /> : <UnlockIcon />} <span>{locked ? 'Locked' : 'Open'}</span>
      </button>
      {open && <RoomDialog locked={locked} onClose={close} />}
    </>
  );
}

function RoomDialog({ locked, onClose }: { locked: boolean; onClose: () => void }) {
  const { moderation } = useSession();
  const setLocked = () => {
    void moderation.setRoomLocked(!locked);
    onClose();
  };
  return (
    <Dialog title="This room" onClose={onClose}>
      <p>
        {locked
          ? 'It is locked. New participants wait until a moderator admits them.'
          : 'It is open. Everyone with an invitation can join.'}
      </p>
      <div className="dialog-actions">
        <button type="button" className="button" onClick={setLocked}>
          {locked ? <UnlockIcon /> : <LockIcon />} {locked ? 'Unlock the room' : 'Lock the room'}
        </button>
        <ConfirmButton
          icon={<EndIcon />}
          label="End the call for everyone"
          warning="Everyone is removed from the call, including you."
          confirm="End the call"
          onConfirm={() => void moderation.closeRoom()}
        />
      </div>
    </Dialog>
  );
}
