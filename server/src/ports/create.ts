/** Creates the media ports of the configured mode. No other code chooses between the modes. */
import type { Config } from '../config/types.ts';
import type { Logger } from '../telemetry/log.ts';
import type { Telemetry } from '../telemetry/telemetry.ts';
import { resolveListenAddresses } from './listen-addresses.ts';
import { lowPortWarning } from './low-port-warning.ts';
import { MultiPort } from './multi-port.ts';
import { SinglePort } from './single-port.ts';
import type { MediaPorts } from './types.ts';

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
  switch (config.portMode) {
    case 'multi-port':
      return new MultiPort(media, addresses);
    case 'single-port':
      return new SinglePort(media, addresses, log);
    case 'shared-port': {
      // Imported here, because the other modes also run where koffi has no binary.
      const { SharedPort } = await import('./shared-port/shared-port.ts');
      return new SharedPort(config, addresses, log, telemetry);
    }
  }
}
