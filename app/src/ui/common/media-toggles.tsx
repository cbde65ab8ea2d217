import type { Self } from '../../session/snapshot.ts';
import { CameraIcon, CameraOffIcon, MicrophoneIcon, MicrophoneOffIcon } from './icons.tsx';
import { useSession } from './session-context.ts';

/** Microphone and camera on and off: the same two buttons in the lobby and in the call. */
export function MediaToggles({ microphone, camera }: Pick<Self, 'microphone' | 'camera'>) {
  const session = useSession();
  const speaking = microphone.state === 'on' || microphone.state === 'opening';
  const filming = camera.state === 'on' || camera.state === 'opening';
  return (
    <>
      {microphone.state !== 'forbidden' && (
        <button
          type="button"
          className="round"
          data-off={!speaking}
          data-problem={microphone.state === 'problem'}
          aria-label={speaking ? 'Mute microphone' : 'Unmute microphone'}
          title={`${speaking ? 'Mute' : 'Unmute'} (M)`}
          onClick={() => void session.devices.setMicrophone(!speaking)}
        >
          {speaking ? <MicrophoneIcon /> : <MicrophoneOffIcon />}
        </button>
      )}
      {camera.state !== 'forbidden' && (
        <button
          type="button"
          className="round"
          data-off={!filming}
          data-problem={camera.state === 'problem'}
          aria-label={filming ? 'Turn camera off' : 'Turn camera on'}
          title={`${filming ? 'Turn camera off' : 'Turn camera on'} (V)`}
          onClick={() => void session.devices.setCamera(!filming)}
        >
          {filming ? <CameraIcon /> : <CameraOffIcon />}
        </button>
      )}
    </>
  );
}
