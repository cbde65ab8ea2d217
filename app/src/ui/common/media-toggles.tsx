import type { Self } from '../../session/snapshot.ts';
import { CameraIcon, CameraOffIcon, MicrophoneIcon, MicrophoneOffIcon } from './icons.tsx';
import { useSession } from './session-context.ts';

/** The buttons for microphone and camera, in the lobby and in the call. */
export function MediaToggles({ microphone, camera }: Pick<Self, 'microphone' | 'camera'>) {
  const session = useSession();
  const unmuted = microphone.state === 'on' || microphone.state === 'opening';
  const cameraOn = camera.state === 'on' || camera.state === 'opening';
  return (
    <>
      {microphone.state !== 'forbidden' && (
        <button
          type="button"
          className="round"
          data-off={!unmuted}
          data-problem={microphone.state === 'problem'}
          aria-label={unmuted ? 'Mute microphone' : 'Unmute microphone'}
          title={`${unmuted ? 'Mute' : 'Unmute'} (M)`}
          onClick={() => void session.devices.setMicrophone(!unmuted)}
        >
          {unmuted ? <MicrophoneIcon /> : <MicrophoneOffIcon />}
        </button>
      )}
      {camera.state !== 'forbidden' && (
        <button
          type="button"
          className="round"
          data-off={!cameraOn}
          data-problem={camera.state === 'problem'}
          aria-label={cameraOn ? 'Turn camera off' : 'Turn camera on'}
          title={`${cameraOn ? 'Turn camera off' : 'Turn camera on'} (V)`}
          onClick={() => void session.devices.setCamera(!cameraOn)}
        >
          {cameraOn ? <CameraIcon /> : <CameraOffIcon />}
        </button>
      )}
    </>
  );
}
