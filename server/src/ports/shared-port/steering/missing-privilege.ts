/** Turns the kernel's refusals into messages that say what is missing (docs/shared-port-operation.md). */
import { readFileSync } from 'node:fs';
import { StartError } from '../../../config/start-error.ts';
import { SystemCallError } from '../../../net/libc.ts';
import { isLowPort } from '../../../net/low-port.ts';
import { CAP_BPF } from './system-calls.ts';

const setting = 'MEDIASOUP_USE_WEBRTC_SERVER=shared';

/**
 * @param error - of creating a map or loading the program
 * @param port - the port that will be bound
 * @returns the error to throw: `error` itself if it has another reason
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
              'CAP_BPF has no effect inside a user namespace, as in a rootless container.',
              'In a container, the seccomp profile must allow bpf(2): docker run --cap-add BPF.',
              'Before Linux 5.11, maps are locked memory: set LimitMEMLOCK=infinity or ulimit -l unlimited.',
            ],
          )
        : explained(error, `the kernel refused ${error.message}.`, howToLoad(port));
    case 'ENOSYS':
    case 'EINVAL':
      return explained(error, `this system does not support ${error.message}.`, [
        'It needs Linux 5.8 or later, on x64 or arm64, with CONFIG_BPF_SYSCALL.',
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
    'The server needs CAP_BPF to load the program that steers packets to workers' +
      (low ? ',' : ':'),
    ...(low ? [`and the server and its workers need CAP_NET_BIND_SERVICE for port ${port}:`] : []),
    `  as a service   AmbientCapabilities=${rights} in its systemd unit`,
    '  in Docker      docker run --cap-add BPF --cap-add SYS_PTRACE, as root',
    '  from a shell   sudo setpriv --reuid "$USER" --regid "$(id -g)" --init-groups \\',
    `                   --inh-caps ${added} --ambient-caps ${added} \\`,
    '                   env HOME="$HOME" PATH="$PATH" MEDIASOUP_USE_WEBRTC_SERVER=shared npm start',
    '                 (sudo drops your environment: add all your settings to this command)',
    '  as root        with RUN_AS_USER=you, which gives up all privileges after loading' +
      (low ? ', so' : '.'),
    ...(low
      ? [`                 it also needs: sysctl net.ipv4.ip_unprivileged_port_start=${port}`]
      : []),
  ];
}

/**
 * Before Linux 5.19, with kernel.unprivileged_bpf_disabled on, each access to a map needs CAP_BPF.
 *
 * @param error - of reading or writing a map
 * @returns the error to throw: `error` itself if it has another reason
 */
export function explainUsing(error: unknown): unknown {
  if (!(error instanceof SystemCallError) || error.code !== 'EPERM') {
    return error;
  }
  return explained(error, `the kernel refused ${error.message} after CAP_BPF was given up.`, [
    'Before Linux 5.19 the server needs CAP_BPF all the time. Instead of using RUN_AS_USER, start it as that user',
    'with CAP_BPF in the ambient set (AmbientCapabilities=CAP_BPF in a systemd unit, or setpriv),',
    'or set the sysctl kernel.unprivileged_bpf_disabled to 0.',
  ]);
}

/**
 * @param error - of copying a worker's socket
 * @returns the error to throw: `error` itself if it has another reason
 */
export function explainCopying(error: unknown): unknown {
  if (!isRefusal(error)) {
    return error;
  }
  const yama = contentOf('/proc/sys/kernel/yama/ptrace_scope').trim();
  return explained(error, `cannot copy a worker's socket (${error.message}).`, [
    'This needs no capability, but none of these may forbid it:',
    '  a container    its seccomp profile must allow pidfd_getfd(2): docker run --cap-add SYS_PTRACE',
    '  the worker     its file must be readable by this user, and have no capabilities (getcap)',
    `  Yama           kernel.yama.ptrace_scope must be 0 or 1; here ${yama ? `it is ${yama}` : 'it does not exist'}.`,
  ]);
}

function isRefusal(error: unknown): error is NodeJS.ErrnoException {
  const { code } = error as NodeJS.ErrnoException;
  if (error instanceof SystemCallError) {
    return code === 'EPERM' || code === 'ENOSYS';
  }
  // Reading /proc/PID/fd.
  return error instanceof Error && code === 'EACCES';
}

function explained(cause: Error, what: string, how: string[]): StartError {
  const text = [
    `${setting}: ${what}`,
    ...how,
    'docs/shared-port-operation.md lists what each privilege is used for.',
    'MEDIASOUP_USE_WEBRTC_SERVER=true (a port for each worker) needs none of this.',
  ];
  return new StartError(text.map((line) => `  ${line}`).join('\n'), { cause });
}

/** Reads the effective set (proc_pid_status(5)). */
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
