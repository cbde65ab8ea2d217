import { useCallback, useState } from 'react';
import { ConfirmButton } from '../common/confirm-button.tsx';
import { Dialog } from '../common/dialog.tsx';
import { EndIcon, LockIcon, ShieldIcon, UnlockIcon } from '../common/icons.tsx';
import './room-menu.css';
import { useSession } from '../common/session-context.ts';

interface RoomMenuProps {
  readonly locked: boolean;
  readonly moderate: boolean;
}

/** Shows that the room is locked. For moderators, also a button to change that, or to end the call. */
export function RoomMenu({ locked, moderate }: RoomMenuProps) {
  const [open, setOpen] = useState(false);
  const close = useCallback(() => setOpen(false), []);
  return (
    <>
      {locked && (
        <span
          className="room-locked"
          role="img"
          aria-label="Locked: new participants need to be admitted"
          title="New participants need to be admitted"
        >
          <LockIcon /> <span>Locked</span>
        </span>
      )}
      {moderate && (
        <button
          type="button"
          className="button room-menu"
          aria-haspopup="dialog"
          aria-label="Moderate the room"
          title="Moderate the room"
          onClick={() => setOpen(true)}
        >
          <ShieldIcon /> <span>Moderate</span>
        </button>
      )}
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
