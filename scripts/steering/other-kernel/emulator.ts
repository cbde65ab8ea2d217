import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { track } from '../../setup/children.mjs';
import { exitCodeIn } from './guest-init.ts';
import { type Architecture, architectures } from './options.ts';

const machines = {
  amd64: { machine: 'q35', cpu: 'max', console: 'ttyS0' },
  // Its own way to authenticate pointers, since that of the architecture makes emulation slow.
  arm64: { machine: 'virt', cpu: 'max,pauth-impdef=on', console: 'ttyAMA0' },
};

const megabytes = 3_072;
const longest = 60 * 60_000;

/**
 * Boots a kernel in software, on any machine, with no network and no disk, and shows what it prints.
 *
 * @param kernel - its file
 * @param initramfs - its files
 * @returns the exit code of the guest's tests; undefined when they didn't end within an hour
 */
export async function boot(
  architecture: Architecture,
  kernel: string,
  initramfs: string,
): Promise<number | undefined> {
  const { machine, cpu, console } = machines[architecture];
  const args = [
    ...['-accel', 'tcg,thread=multi', '-machine', machine, '-cpu', cpu, '-smp', '2'],
    ...['-m', String(megabytes), '-nic', 'none', '-display', 'none', '-monitor', 'none'],
    ...['-serial', 'stdio', '-no-reboot', '-kernel', kernel, '-initrd', initramfs],
    ...['-append', `console=${console} panic=-1 quiet`],
  ];
  const qemu = track(
    spawn(`qemu-system-${architectures[architecture].qemu}`, args, {
      stdio: ['ignore', 'pipe', 'inherit'],
      timeout: longest,
      killSignal: 'SIGKILL',
    }),
  );
  let printed = '';
  qemu.stdout.setEncoding('utf8').on('data', (text) => {
    printed += text;
    process.stdout.write(text);
  });
  await once(qemu, 'close');
  return exitCodeIn(printed);
}
