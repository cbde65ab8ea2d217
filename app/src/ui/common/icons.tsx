/** The app's icons: 24 × 24, in the colour of the text, hidden from screen readers. */
import type { ReactNode } from 'react';

function Icon({ children }: { children: ReactNode }) {
  return (
    <svg
      className="icon"
      viewBox="0 0 24 24"
      fill="none"
      stroke="currentColor"
      strokeWidth="1.8"
      strokeLinecap="round"
      strokeLinejoin="round"
      aria-hidden="true"
    >
      {children}
    </svg>
  );
}

const microphone = (
  <>
    <rect x="9" y="3" width="6" height="11" rx="3" />
    <path d="M5.5 11.5a6.5 6.5 0 0 0 13 0M12 18v3" />
  </>
);
const camera = (
  <>
    <rect x="2.5" y="6" width="13" height="12" rx="3" />
    <path d="m15.5 10.5 4.6-2.7a.9.9 0 0 1 1.4.8v6.8a.9.9 0 0 1-1.4.8l-4.6-2.7" />
  </>
);
const screen = (
  <path d="M8.5 20.5h7M5 4h14a2 2 0 0 1 2 2v9a2 2 0 0 1-2 2H5a2 2 0 0 1-2-2V6a2 2 0 0 1 2-2Z" />
);
const slash = <path d="m3.5 3.5 17 17" />;

export const MicrophoneIcon = () => <Icon>{microphone}</Icon>;
export const MicrophoneOffIcon = () => (
  <Icon>
    <path d="M9 9v2a3 3 0 0 0 4.8 2.4M15 11V6a3 3 0 0 0-5.7-1.3M5.5 11.5a6.5 6.5 0 0 0 10.6 5M18.5 11.5c0 .9-.2 1.8-.5 2.5M12 18v3" />
    {slash}
  </Icon>
);
export const CameraIcon = () => <Icon>{camera}</Icon>;
export const CameraOffIcon = () => (
  <Icon>
    <path d="M10 6h2.5a3 3 0 0 1 3 3v1.5l4.6-2.7a.9.9 0 0 1 1.4.8v6.8c0 .3-.1.5-.3.7M15.3 15.7A3 3 0 0 1 12.5 18h-7a3 3 0 0 1-3-3V9a3 3 0 0 1 3-3" />
    {slash}
  </Icon>
);
export const ScreenIcon = () => (
  <Icon>
    {screen}
    <path d="M12 13.5V7.5m-2.6 2.6L12 7.5l2.6 2.6" />
  </Icon>
);
export const ScreenStopIcon = () => (
  <Icon>
    {screen}
    <path d="m9.7 8.2 4.6 4.6m0-4.6-4.6 4.6" />
  </Icon>
);
export const ChatIcon = () => (
  <Icon>
    <path d="M20.5 11.5a7.5 7.5 0 0 1-8 7.5 9 9 0 0 1-3.2-.6L4 20l1.5-4.2a7.3 7.3 0 0 1-1-3.8v-.5a7.7 7.7 0 0 1 8-7.5 7.7 7.7 0 0 1 8 7.5Z" />
  </Icon>
);
export const InviteIcon = () => (
  <Icon>
    <path d="M10 14a4 4 0 0 0 5.7 0l3.6-3.6a4 4 0 0 0-5.7-5.7l-1.1 1.1M14 10a4 4 0 0 0-5.7 0l-3.6 3.6a4 4 0 0 0 5.7 5.7l1.1-1.1" />
  </Icon>
);
export const DevicesIcon = () => (
  <Icon>
    <path d="M4 7h8m4 0h4M4 17h4m4 0h8M16 7a2 2 0 1 1-4 0 2 2 0 0 1 4 0ZM12 17a2 2 0 1 1-4 0 2 2 0 0 1 4 0Z" />
  </Icon>
);
export const LeaveIcon = () => (
  <Icon>
    <path d="M12 9.5c-3 0-5.8.7-8 2-.9.5-1.3 1.5-1.2 2.5l.1 1c.1.7.8 1.1 1.5.9l2.7-.8c.5-.1.9-.6.9-1.1v-1.7a13 13 0 0 1 8 0V14c0 .5.4 1 .9 1.1l2.7.8c.7.2 1.4-.2 1.5-.9l.1-1c.1-1-.3-2-1.2-2.5-2.2-1.3-5-2-8-2Z" />
  </Icon>
);
export const CloseIcon = () => (
  <Icon>
    <path d="m6 6 12 12M18 6 6 18" />
  </Icon>
);
export const CheckIcon = () => (
  <Icon>
    <path d="m5 12.5 4.5 4.5L19 7.5" />
  </Icon>
);
export const SendIcon = () => (
  <Icon>
    <path d="M12 19V5m-6 6 6-6 6 6" />
  </Icon>
);
export const AlertIcon = () => (
  <Icon>
    <path d="M12 9v4.5m0 3h.01M10.3 4.3 2.9 17a2 2 0 0 0 1.7 3h14.8a2 2 0 0 0 1.7-3L13.7 4.3a2 2 0 0 0-3.4 0Z" />
  </Icon>
);
export const SoundIcon = () => (
  <Icon>
    <path d="M4 9.5v5h3.5L12 18.5v-13L7.5 9.5H4Zm12-.5a4.5 4.5 0 0 1 0 6m2.5-8.5a8 8 0 0 1 0 11" />
  </Icon>
);
export const MoreIcon = () => (
  <Icon>
    <path d="M6 12h.01M12 12h.01M18 12h.01" strokeWidth="3" />
  </Icon>
);
export const RemoveIcon = () => (
  <Icon>
    <path d="M13.5 7.5a3.5 3.5 0 1 1-7 0 3.5 3.5 0 0 1 7 0ZM3.5 20a6.5 6.5 0 0 1 13 0m0-9.5h5" />
  </Icon>
);
const padlock = <rect x="5" y="10.5" width="14" height="9.5" rx="2.5" />;
export const LockIcon = () => (
  <Icon>
    {padlock}
    <path d="M8 10.5V8a4 4 0 0 1 8 0v2.5" />
  </Icon>
);
export const UnlockIcon = () => (
  <Icon>
    {padlock}
    <path d="M8 10.5V7a4 4 0 0 1 7.6-1.8" />
  </Icon>
);
export const ShieldIcon = () => (
  <Icon>
    <path d="M12 3.5 5.5 6v5.5c0 4 2.7 7.2 6.5 9 3.8-1.8 6.5-5 6.5-9V6z" />
  </Icon>
);
export const EndIcon = () => (
  <Icon>
    <circle cx="12" cy="12" r="8.5" />
    <path d="m9 9 6 6m0-6-6 6" />
  </Icon>
);
export const KnockIcon = () => (
  <Icon>
    <path d="M6 20.5V5a1.5 1.5 0 0 1 1.5-1.5h9A1.5 1.5 0 0 1 18 5v15.5m-14 0h16M14.5 12h.01" />
  </Icon>
);
export const LogoIcon = () => (
  <Icon>
    <circle cx="12" cy="12" r="8" strokeWidth="2.6" />
    <circle cx="12" cy="12" r="2.2" fill="currentColor" stroke="none" />
  </Icon>
);
