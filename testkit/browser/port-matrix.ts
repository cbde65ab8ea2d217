import { type ServerProcess, startServerProcess } from '../servers/server-process.ts';
import { obstacleToSteering } from '../servers/steered-host.ts';

/** A port mode, and the way that media takes in it. The browser is told nothing but `forceTcp`. */
export interface PortWay {
  mode: 'single-port' | 'multi-port' | 'shared-port';
  protocol: 'udp' | 'tcp';
  /** Page, signalling and media by TCP have one port. */
  httpOnMediaPort: boolean;
}

const env = { 'single-port': 'true', 'multi-port': 'false', 'shared-port': 'shared' } as const;

const modes = ['single-port', 'multi-port', 'shared-port'] as const;
const protocols = ['udp', 'tcp'] as const;

/** Every mode with every protocol; and shared-port with HTTP on its port. */
const allWays: PortWay[] = [
  ...modes.flatMap((mode) =>
    protocols.map((protocol) => ({ mode, protocol, httpOnMediaPort: false })),
  ),
  { mode: 'shared-port', protocol: 'tcp', httpOnMediaPort: true },
];

/** Why shared-port can't be tested here, if it can't. */
export const obstacleToSharedPort = obstacleToSteering();

/** Those that this machine can do. */
export const portWays = allWays.filter(
  ({ mode }) => !obstacleToSharedPort || mode !== 'shared-port',
);

export function describeWay({ mode, protocol, httpOnMediaPort }: PortWay): string {
  return `${mode} over ${protocol}${httpOnMediaPort ? ' on the HTTP port' : ''}`;
}

export function startServerFor(
  { mode, httpOnMediaPort }: PortWay,
  settings: Record<string, string> = {},
): Promise<ServerProcess> {
  return startServerProcess(
    { MEDIASOUP_USE_WEBRTC_SERVER: env[mode], ...settings },
    { httpOnMediaPort },
  );
}
