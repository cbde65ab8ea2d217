import type { MediaProblem } from '../../devices/devices.ts';
import type { Self } from '../../session/snapshot.ts';
import './device-problems.css';
import { AlertIcon } from './icons.tsx';
import { deviceAdvice } from './labels.ts';

/** What is wrong with my devices and what to do; both in one box if it is the same. */
export function DeviceProblems({ microphone, camera }: Pick<Self, 'microphone' | 'camera'>) {
  const devices = new Map<MediaProblem, ('microphone' | 'camera')[]>();
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
    const { title, text } = deviceAdvice(problem, names);
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
