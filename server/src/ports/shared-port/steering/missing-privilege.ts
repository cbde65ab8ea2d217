/** What shared-port lacks here and how to get it: docs/shared-port-operation.md. */
import { readFileSync } from 'node:fs';
import { StartError } from '../../../config/start-error.ts';
import { SystemCallError } from '../../../net/libc.ts';
import { isLowPort } from '../../../net/low-port.ts';
import { CAP_BPF } from './system-calls.ts';

const setting = 'MEDIASOUP_USE_WEBRTC_SERVER=shared';

/**
 * @param error - of making a map or loading the program
 * @param port - that will be bound then
 * @returns the error to throw: as it came, where it is about something else
 */
export function explainLoading(error: unknown, port: number): unknown {
  if (!(error instanceof SystemCallError)) {
    return error;
  }
  switch (error.code) {
    case 'EPERM':
      return hasCapBpf()
        ? explained(
            error,
            `the kernel refused ${error.message}, though this process has CAP_BPF.`,
            [
              'It counts only outside user namespaces: not in a rootless container.',
              'In a container, the seccomp profile must allow bpf(2): docker run --cap-add BPF.',
              'Before Linux 5.11 the tables are locked memory: LimitMEMLOCK=infinity, ulimit -l unlimited.',
            ],
          )
        : explained(error, `the kernel refused ${error.message}.`, howToLoad(port));
    case 'ENOSYS':
    case 'EINVAL':
      return explained(error, `this system can't do ${error.message}.`, [
        'It takes Linux 5.8 or later, on x64 or arm64, with CONFIG_BPF_SYSCALL.',
      ]);
    default:
      return error;
  }
}

function howToLoad(port: number): string[] {
  const low = isLowPort(port);
  const rights = low ? 'CAP_BPF CAP_NET_BIND_SERVICE' : 'CAP_BPF';
  const added = low ? '+bpf,+net_bind_service' : '+bpf';
  return [
    'It takes the capability CAP_BPF to load the program that steers packets to workers' +
      (low ? ',' : ':'),
    ...(low
      ? [`and CAP_NET_BIND_SERVICE for port ${port}, in the server and in its workers:`]
      : []),
    `  as a service   AmbientCapabilities=${rights} in its systemd unit`,
    '  in Docker      docker run --cap-add BPF --cap-add SYS_PTRACE, as root',
    '  from a shell   sudo setpriv --reuid "$USER" --regid "$(id -g)" --init-groups \\',
    `                   --inh-caps ${added} --ambient-caps ${added} \\`,
    '                   env HOME="$HOME" PATH="$PATH" MEDIASOUP_USE_WEBRTC_SERVER=shared npm start',
    '                 (sudo drops your variables: put all your settings there)',
    '  or as root     with RUN_AS_USER=you, which gives up all rights once it is loaded' +
      (low ? ', so that' : '.'),
    ...(low
      ? [`                 it also takes: sysctl net.ipv4.ip_unprivileged_port_start=${port}`]
      : []),
  ];
}

/**
 * Before Linux 5.19, with kernel.unprivileged_bpf_disabled on, the right to load is also that to use.
 *
 * @param error - of reading or writing a map that is there
 * @returns the error to throw: as it came, where it is about something else
 */
export function explainUsing(error: unknown): unknown {
  if (!(error instanceof SystemCallError) || error.code !== 'EPERM') {
    return error;
  }
  return explained(error, `the kernel refused ${error.message} once CAP_BPF was given up.`, [
    'Before Linux 5.19 it takes CAP_BPF all the time. Instead of RUN_AS_USER, start it as that user with',
    'CAP_BPF in the ambient set (AmbientCapabilities=CAP_BPF in a systemd unit, or setpriv);',
    'or set the sysctl kernel.unprivileged_bpf_disabled to 0.',
  ]);
}

/**
 * @param error - of copying a worker's socket
 * @returns the error to throw: as it came, where it is about something else
 */
export function explainCopying(error: unknown): unknown {
  if (!isRefusal(error)) {
    return error;
  }
  const yama = contentOf('/proc/sys/kernel/yama/ptrace_scope').trim();
  return explained(error, `can't have a copy of a worker's socket (${error.message}).`, [
    'That takes no capability, but nothing may forbid it:',
    '  a container    its seccomp profile must allow pidfd_getfd(2): docker run --cap-add SYS_PTRACE',
    '  the worker     its file must be readable for this user, and without capabilities (getcap)',
    `  Yama           kernel.yama.ptrace_scope must be 0 or 1; here ${yama ? `it is ${yama}` : 'there is none'}.`,
  ]);
}

function isRefusal(error: unknown): error is NodeJS.ErrnoException {
  const { code } = error as NodeJS.ErrnoException;
  if (error instanceof SystemCallError) {
    return code === 'EPERM' || code === 'ENOSYS';
  }
  // Of /proc/PID/fd.
  return error instanceof Error && code === 'EACCES';
}

function explained(cause: Error, what: string, how: string[]): StartError {
  const text = [
    `${setting}: ${what}`,
    ...how,
    'docs/shared-port-operation.md lists what each right is used for.',
    'MEDIASOUP_USE_WEBRTC_SERVER=true (a port for each worker) needs none of this.',
  ];
  return new StartError(text.map((line) => `  ${line}`).join('\n'), { cause });
}

/** As proc_pid_status(5) has it: the effective set, in hexadecimal. */
function hasCapBpf(): boolean {
  const [, effective] = /^CapEff:\s*([0-9a-f]+)$/m.exec(contentOf('/proc/self/status')) ?? [];
  return ((BigInt(`0x${effective ?? '0'}`) >> BigInt(CAP_BPF)) & 1n) === 1n;
}

function contentOf(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}
