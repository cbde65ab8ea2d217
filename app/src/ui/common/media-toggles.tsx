import { isTurnedOn } from '../../devices/local-device.ts';
import type { Self } from '../../session/snapshot.ts';
import { problemWith } from './device-problems.tsx';
import { CameraIcon, CameraOffIcon, MicrophoneIcon, MicrophoneOffIcon } from './icons.tsx';
import { useSession } from './session-context.ts';

/** The buttons for microphone and camera, on the prejoin screen and in the call. */
export function MediaToggles({ self }: { self: Self }) {
  const session = useSession();
  const { microphone, camera, wanted } = self;
  const unmuted = isTurnedOn(microphone, wanted.microphone);
  const cameraOn = isTurnedOn(camera, wanted.camera);
  return (
    <>
      {microphone.state !== 'forbidden' && (
        <button
          type="button"
          className="round"
          data-off={!unmuted}
          data-problem={problemWith(microphone) !== undefined}
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
          data-problem={problemWith(camera) !== undefined}
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
