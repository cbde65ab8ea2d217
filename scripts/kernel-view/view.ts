import { Call, randomPorts } from './call.ts';
import { readSockets, showSockets } from './sockets.ts';
import { countSystemCalls } from './system-calls.ts';
import { findLoaded, showLoaded, showTables } from './tables.ts';

const packets = 200;

/** What is shown, by the names that its places in the pages have. */
export type View = Map<string, string>;

/** Starts the server in each mode, one after the other, and looks. @throws Error when one doesn't start */
export async function lookAtKernel(): Promise<View> {
  const view: View = new Map();
  await look('multi-port', view, () => Call.start('false', 44444));
  await look('single-port', view, () => Call.start('true', 443));
  await look('shared-port', view, () => Call.start('shared', 443, 443));
  return view;
}

async function look(mode: string, view: View, start: () => Promise<Call>): Promise<void> {
  const call = await start();
  try {
    const { parts } = call;
    for (const options of ['-lunp', '-lntp'] as const) {
      const shown = showSockets(readSockets(options, parts), randomPorts);
      view.set(`${mode} ss ${options}`, `# ss ${options}\n${shown}`);
    }
    if (mode !== 'multi-port') {
      const [worker = 0] = parts.workers;
      // Or it would ask the worker meanwhile, as it does once a second, what CPU it has used.
      process.kill(parts.server, 'SIGSTOP');
      const calls = await countSystemCalls(worker, [], () => call.sendPackets(packets)).finally(
        () => process.kill(parts.server, 'SIGCONT'),
      );
      view.set(
        `${mode} strace`,
        `# strace -f -c -p <worker 0>, while ${packets} packets come\n${calls}`,
      );
    }
    if (mode !== 'shared-port') {
      return;
    }
    const loaded = findLoaded(parts.server);
    const shown = showLoaded(loaded, 'server');
    view.set('bpftool prog', `# bpftool prog show\n${shown.program}`);
    view.set('bpftool map', `# bpftool map show\n${shown.maps}`);
    view.set('tables', showTables(loaded, call));
    const calls = await countSystemCalls(parts.server, ['-e', 'trace=bpf'], () =>
      call.join('erin', 'blue'),
    );
    view.set(
      'strace of a join',
      `# strace -f -c -e trace=bpf -p <server>, while a peer joins\n${calls}`,
    );
  } finally {
    await call.stop();
  }
}
