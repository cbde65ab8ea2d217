import { type ReactNode, useEffect, useRef, useState } from 'react';

export interface ConfirmButtonProps {
  readonly icon: ReactNode;
  readonly label: string;
  /** The consequences, shown before the user confirms. */
  readonly warning: string;
  readonly confirm: string;
  readonly onConfirm: () => void;
}

/** For actions that can't be undone: asks for confirmation. */
export function ConfirmButton({ icon, label, warning, confirm, onConfirm }: ConfirmButtonProps) {
  const [asking, setAsking] = useState(false);
  const confirmButton = useRef<HTMLButtonElement>(null);
  useEffect(() => {
    if (asking) {
      confirmButton.current?.focus();
    }
  }, [asking]);
  if (!asking) {
    return (
      <button type="button" className="button danger" onClick={() => setAsking(true)}>
        {icon} {label}
      </button>
    );
  }
  return (
    <div className="dialog-actions" role="alert">
      <p>{warning}</p>
      <button type="button" ref={confirmButton} className="button danger" onClick={onConfirm}>
        {icon} {confirm}
      </button>
      <button type="button" className="button" onClick={() => setAsking(false)}>
        Cancel
      </button>
    </div>
  );
}
