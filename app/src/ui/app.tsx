import { Call } from './call.tsx';
import { Failed, Left } from './end.tsx';
import { Lobby } from './lobby.tsx';
import { useSnapshot } from './session-context.ts';
import { Toasts } from './toasts.tsx';
import { Waiting } from './waiting.tsx';

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
    case 'lobby':
    case 'joining':
      return <Lobby snapshot={snapshot} />;
    case 'waiting':
      return <Waiting roomId={roomId} />;
    case 'joined':
    case 'reconnecting':
      return <Call snapshot={snapshot} />;
    case 'left':
      return <Left roomId={roomId} byInvitation={byInvitation} />;
    case 'failed':
      return <Failed failure={phase.failure} byInvitation={byInvitation} />;
  }
}
