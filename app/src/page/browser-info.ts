import type { Device } from '@oneport/protocol';

const known: readonly [flag: string, name: string, pattern: RegExp][] = [
  ['edge', 'Edge', /\bEdgA?\/(\d+)/],
  ['opera', 'Opera', /\bOPR\/(\d+)/],
  ['firefox', 'Firefox', /\b(?:Firefox|FxiOS)\/(\d+)/],
  ['chrome', 'Chrome', /\b(?:Chrome|CriOS|HeadlessChrome)\/(\d+)/],
  ['safari', 'Safari', /\bVersion\/(\d+)[\d.]* .*Safari\//],
];

/**
 * The description of this browser that `join` gives to the other peers.
 *
 * @param userAgent - `navigator.userAgent`
 */
export function browserInfo(userAgent: string): Device {
  for (const [flag, name, pattern] of known) {
    const version = pattern.exec(userAgent)?.[1];
    if (version !== undefined) {
      return { flag, name, version };
    }
  }
  return { flag: 'unknown', name: 'Browser' };
}
