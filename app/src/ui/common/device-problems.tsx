import type { DeviceProblem } from '../../devices/devices.ts';
import type { DeviceKind, LocalSource } from '../../devices/local-device.ts';
import type { Self } from '../../session/snapshot.ts';
import './banners.css';
import { AlertIcon } from './icons.tsx';
import { deviceProblemLabel } from './labels.ts';

export interface DeviceProblemsProps extends Pick<Self, 'microphone' | 'camera'> {
  readonly inCall?: boolean;
}

/** Why it can't be used now; undefined if it can. */
export function problemWith(source: LocalSource): DeviceProblem | 'interrupted' | undefined {
  if (source.state === 'problem') {
    return source.problem;
  }
  return source.state === 'on' && source.interrupted ? 'interrupted' : undefined;
}

/** Explains why microphone or camera can't be used; in one box if the problem is the same. */
export function DeviceProblems({ microphone, camera, inCall = false }: DeviceProblemsProps) {
  const byProblem = new Map<DeviceProblem | 'interrupted', DeviceKind[]>();
  for (const [name, source] of [
    ['microphone', microphone],
    ['camera', camera],
  ] as const) {
    const problem = problemWith(source);
    if (problem) {
      byProblem.set(problem, [...(byProblem.get(problem) ?? []), name]);
    }
  }
  return Array.from(byProblem, ([problem, devices]) => {
    const { title, text } = deviceProblemLabel(problem, { devices, inCall });
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
