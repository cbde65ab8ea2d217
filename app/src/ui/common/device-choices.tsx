import { useId } from 'react';
import type { DeviceChoice } from '../../devices/devices.ts';
import type { Snapshot } from '../../session/snapshot.ts';
import { useSession } from './session-context.ts';

/** Selects for microphone and camera, and for the speaker where the browser allows a choice. */
export function DeviceChoices({ devices, chosen }: Pick<Snapshot, 'devices' | 'chosen'>) {
  const session = useSession();
  return (
    <>
      <Choice
        label="Microphone"
        choices={devices.microphones}
        value={chosen.microphoneId}
        onChange={(id) => void session.devices.choose('microphone', id)}
      />
      <Choice
        label="Camera"
        choices={devices.cameras}
        value={chosen.cameraId}
        onChange={(id) => void session.devices.choose('camera', id)}
      />
      {devices.speakers.length > 0 && (
        <Choice
          label="Speaker"
          choices={devices.speakers}
          value={chosen.speakerId}
          onChange={(id) => session.devices.chooseSpeaker(id)}
        />
      )}
    </>
  );
}

interface ChoiceProps {
  readonly label: string;
  readonly choices: readonly DeviceChoice[];
  readonly value: string;
  readonly onChange: (deviceId: string) => void;
}

function Choice({ label, choices, value, onChange }: ChoiceProps) {
  const id = useId();
  const known = choices.some(({ deviceId }) => deviceId === value);
  return (
    <div className="field">
      <label htmlFor={id}>{label}</label>
      <select
        id={id}
        value={known ? value : ''}
        disabled={choices.length === 0}
        onChange={(event) => onChange(event.target.value)}
      >
        {!known && (
          <option value="">{choices.length === 0 ? 'None available' : 'System default'}</option>
        )}
        {choices.map(({ deviceId, label: name }) => (
          <option key={deviceId} value={deviceId}>
            {name}
          </option>
        ))}
      </select>
    </div>
  );
}
