import type { DeviceProblem } from '../../devices/devices.ts';
import type { Self } from '../../session/snapshot.ts';
import './banners.css';
import { AlertIcon } from './icons.tsx';
import { deviceProblemLabel } from './labels.ts';

/** Explains why microphone or camera can't be used; in one box if the problem is the same. */
export function DeviceProblems({ microphone, camera }: Pick<Self, 'microphone' | 'camera'>) {
  const devices = new Map<DeviceProblem, ('microphone' | 'camera')[]>();
  for (const [name, source] of [
    ['microphone', microphone],
    ['camera', camera],
  ] as const) {
    if (source.state !== 'problem') {
      continue;
    }
    devices.set(source.problem, [...(devices.get(source.problem) ?? []), name]);
  }
  return Array.from(devices, ([problem, names]) => {
    const { title, text } = deviceProblemLabel(problem, names);
    return (
      <div className="device-problem" role="status" key={problem}>
        <AlertIcon />
        <div>
          <strong>{title}</strong>
          <p>{text}</p>
        </div>
      </div>
    );
  });
}
