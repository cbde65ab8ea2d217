import { Call } from './call/call.tsx';
import { useSnapshot } from './common/session-context.ts';
import { Toasts } from './common/toasts.tsx';
import { Failed, Left, WaitingRoom } from './message-pages.tsx';
import { Prejoin } from './prejoin/prejoin.tsx';

export function App() {
  const snapshot = useSnapshot();
  return (
    <>
      <Page />
      <Toasts notices={snapshot.notices} />
    </>
  );
}

function Page() {
  const snapshot = useSnapshot();
  const { phase, roomId, byInvitation } = snapshot;
  switch (phase.state) {
    case 'prejoin':
    case 'joining':
      return <Prejoin snapshot={snapshot} />;
    case 'waiting':
      return <WaitingRoom roomId={roomId} />;
    case 'joined':
    case 'reconnecting':
      return <Call snapshot={snapshot} />;
    case 'left':
      return <Left roomId={roomId} byInvitation={byInvitation} />;
    case 'failed':
      return <Failed failure={phase.failure} byInvitation={byInvitation} />;
  }
}
