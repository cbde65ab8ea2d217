import { type ServerProcess, startServerProcess } from '../servers/server-process.ts';
import { obstacleToSteering } from '../servers/shared-port.ts';

/** A port mode, and how media is carried in it. The browser only knows `forceTcp`. */
export interface PortVariant {
  mode: 'single-port' | 'multi-port' | 'shared-port';
  protocol: 'udp' | 'tcp';
  /** Page, signalling and media over TCP share one port. */
  httpOnMediaPort: boolean;
}

const env = { 'single-port': 'true', 'multi-port': 'false', 'shared-port': 'shared' } as const;

const modes = ['single-port', 'multi-port', 'shared-port'] as const;
const protocols = ['udp', 'tcp'] as const;

/** Every mode with every protocol, and shared-port with HTTP on its port. */
const allVariants: PortVariant[] = [
  ...modes.flatMap((mode) =>
    protocols.map((protocol) => ({ mode, protocol, httpOnMediaPort: false })),
  ),
  { mode: 'shared-port', protocol: 'tcp', httpOnMediaPort: true },
];

/** Why shared-port can't be tested here; undefined if it can. */
export const obstacleToSharedPort = obstacleToSteering();

/** The variants that can be tested on this machine. */
export const portVariants = allVariants.filter(
  ({ mode }) => !obstacleToSharedPort || mode !== 'shared-port',
);

export function describeVariant({ mode, protocol, httpOnMediaPort }: PortVariant): string {
  return `${mode} over ${protocol}${httpOnMediaPort ? ' on the HTTP port' : ''}`;
}

export function startServerFor(
  { mode, httpOnMediaPort }: PortVariant,
  settings: Record<string, string> = {},
): Promise<ServerProcess> {
  return startServerProcess(
    { MEDIASOUP_USE_WEBRTC_SERVER: env[mode], ...settings },
    { httpOnMediaPort },
  );
}
