import { type ReactNode, useEffect, useRef, useState } from 'react';

export interface ConfirmButtonProps {
  readonly icon: ReactNode;
  readonly label: string;
  /** What follows from it, to be read before it is done. */
  readonly warning: string;
  readonly confirm: string;
  readonly onConfirm: () => void;
}

/** What can't be undone is asked for twice. */
export function ConfirmButton({ icon, label, warning, confirm, onConfirm }: ConfirmButtonProps) {
  const [asked, setAsked] = useState(false);
  const sure = useRef<HTMLButtonElement>(null);
  useEffect(() => {
    if (asked) {
      sure.current?.focus();
    }
  }, [asked]);
  if (!asked) {
    return (
      <button type="button" className="button danger" onClick={() => setAsked(true)}>
        {icon} {label}
      </button>
    );
  }
  return (
    <div className="dialog-actions" role="alert">
      <p>{warning}</p>
      <button type="button" ref={sure} className="button danger" onClick={onConfirm}>
        {icon} {confirm}
      </button>
      <button type="button" className="button" onClick={() => setAsked(false)}>
        Cancel
      </button>
    </div>
  );
}
