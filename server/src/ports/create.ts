/** Creates the media ports of the configured mode. No other code chooses between the modes. */
import type { ListenAddress } from '../config/announced-addresses.ts';
import type { Config } from '../config/types.ts';
import type { Logger } from '../telemetry/log.ts';
import type { Telemetry } from '../telemetry/telemetry.ts';
import { type BoundAddress, requireFreePorts } from './bind-check.ts';
import { resolveListenAddresses } from './listen-addresses.ts';
import { lowPortWarning } from './low-port-warning.ts';
import { MultiPort } from './multi-port.ts';
import { SinglePort } from './single-port.ts';
import type { MediaPorts } from './types.ts';

const protocols = ['udp', 'tcp'] as const;

/**
 * @param config - the checked settings
 * @param log - receives warnings about ports that browsers or the kernel may refuse
 * @param telemetry - receives `limitHit` when a TCP connection is over a limit
 * @throws StartError when this machine cannot run the mode
 */
export async function createMediaPorts(
  config: Config,
  log: Logger,
  telemetry: Telemetry,
): Promise<MediaPorts> {
  const { media } = config;
  const addresses = await resolveListenAddresses(media);
  const warning =
    config.portMode !== 'multi-port' &&
    lowPortWarning(addresses, media.announcedPort ?? media.port);
  if (warning) {
    log.warn(warning);
  }
  await using created = new AsyncDisposableStack();
  // First, because shared-port names every privilege that is missing, and a bind only the one for a low port.
  const ports = created.adopt(await create(config, addresses, log, telemetry), (it) => it.close());
  // Before a worker is started, so that a port that is taken is reported at once.
  await requireFreePorts(fixedPorts(config, addresses));
  created.move();
  return ports;
}

async function create(
  config: Config,
  addresses: ListenAddress[],
  log: Logger,
  telemetry: Telemetry,
): Promise<MediaPorts> {
  const { media } = config;
  switch (config.portMode) {
    case 'multi-port':
      return new MultiPort(media, addresses, log);
    case 'single-port':
      return new SinglePort(media, addresses, log);
    case 'shared-port': {
      // Imported here, because the other modes also run where koffi has no binary.
      const { SharedPort } = await import('./shared-port/shared-port.ts');
      return new SharedPort(config, addresses, log, telemetry);
    }
  }
}

/** The ports that are bound as long as the server runs. */
function fixedPorts({ portMode, media }: Config, addresses: ListenAddress[]): BoundAddress[] {
  const count = { 'multi-port': 0, 'single-port': media.numWorkers, 'shared-port': 1 }[portMode];
  return Array.from({ length: count }, (_, index) => media.port + index).flatMap((port) =>
    protocols.flatMap((protocol) => addresses.map(({ ip }) => ({ protocol, ip, port }))),
  );
}
