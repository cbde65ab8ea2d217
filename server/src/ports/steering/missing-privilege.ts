import { StartError } from '../../start-error.ts';
import { SystemCallError } from './system-calls.ts';

const otherwise = 'MEDIASOUP_USE_WEBRTC_SERVER=true (a port for each worker) needs none of this.';

/**
 * Says what shared-port lacks here and how to get it (capabilities(7), bpf(2)).
 *
 * @param error - of making a map or loading the program
 * @returns the error to throw: as it came, where it is about something else
 */
export function explainMissingPrivilege(error: unknown): unknown {
  if (!(error instanceof SystemCallError)) return error;
  switch (error.code) {
    case 'EPERM':
      return new StartError(
        [
          `  MEDIASOUP_USE_WEBRTC_SERVER=shared: the kernel refused ${error.message}.`,
          '  It takes the capability CAP_BPF to load the program that steers packets to workers:',
          '    as a service   AmbientCapabilities=CAP_BPF in its systemd unit',
          '    in Docker      docker run --cap-add BPF',
          '    from a shell   sudo setpriv --reuid you --regid you --init-groups \\',
          '                     --inh-caps +bpf --ambient-caps +bpf npm start',
          '    or as root     with RUN_AS_USER=you, which drops all rights once it is loaded.',
          '  docs/shared-port.md says what it is used for.',
          `  ${otherwise}`,
        ].join('\n'),
        { cause: error },
      );
    case 'ENOSYS':
    case 'EINVAL':
      return new StartError(
        [
          `  MEDIASOUP_USE_WEBRTC_SERVER=shared: this system can't do ${error.message}.`,
          '  It takes Linux 5.8 or later, on x64 or arm64, with CONFIG_BPF_SYSCALL.',
          `  ${otherwise}`,
        ].join('\n'),
        { cause: error },
      );
    default:
      return error;
  }
}
