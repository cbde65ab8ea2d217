import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  counterNames,
  readOwner,
  readRemote,
  readTransport,
} from '../../server/src/ports/shared-port/steering/layout.ts';
import { IcePeer, unknownData } from '../../testkit/clients/ice-peer.ts';
import { TestPeer } from '../../testkit/clients/test-peer.ts';
import { type ServerProcess, startServerProcess } from '../../testkit/servers/server-process.ts';
import { udpQueue } from '../../testkit/system/kernel-sockets.ts';
import { isAsleep, workerPids } from '../../testkit/system/processes.ts';
import { runCli } from '../cli.ts';
import { enterPrivateNetwork } from '../port-lab/sockets.ts';
import { aptInstall, hasApt } from '../setup/apt.mjs';
import { interruptible } from '../setup/children.mjs';
import { root } from '../setup/paths.mjs';
import { SetUpError } from '../setup/set-up-error.mjs';

const usage = `Usage: npm run kernel-view [-- options]

Starts the server in each port mode, with two workers and four peers, and prints what the kernel holds for it: sockets
(ss), the eBPF program and its tables (bpftool), and a worker's system calls while packets arrive (strace).

  --write   put the output into the pages of docs/ that have a place for it, and print nothing
  --help

Needs Linux and root: it runs in a network namespace of its own, so that none of your ports is touched, and reads what
only root can read. Installs bpftool, iproute2 and strace on Debian.
`;

const [packets, firstPeerPort] = [200, 20_001];

/** Starts the server in a mode with two workers, two rooms and two peers in each, and looks. */
async function look(
  mode: string,
  view: Map<string, string>,
  env: Record<string, string>,
): Promise<void> {
  const server = await startServerProcess({
    MEDIASOUP_NUM_WORKERS: '2',
    // Workers choose ports at random. In multi-port they need all of these.
    MEDIASOUP_MIN_PORT: '40000',
    MEDIASOUP_MAX_PORT: '40007',
    HTTP_PORT: '8080',
    LOG_LEVEL: 'error',
    ...env,
  });
  const call = new Call(server, Number(env.HTTP_PORT ?? 8080));
  try {
    // Rooms go to the worker with the fewest transports.
    await call.join('alice', 'blue');
    await call.join('bob', 'green');
    await call.join('carol', 'blue');
    await call.join('dave', 'green');
    for (const options of ['-lunp', '-lntp']) {
      const [head, ...lines] = sockets(call, options);
      view.set(
        `${mode} ss ${options}`,
        [`# ss ${options}`, head, ...lines.sort(naturally)].join('\n'),
      );
    }
    if (mode === 'multi-port') {
      return;
    }
    // Otherwise the server would ask the worker for its CPU time meanwhile, as it does each second.
    process.kill(call.server, 'SIGSTOP');
    const ofPackets = await countSystemCalls(call.workers[0] ?? 0, () =>
      call.sendPackets(packets),
    ).finally(() => process.kill(call.server, 'SIGCONT'));
    const title = `# strace -f -c -p <worker 0>, while ${packets} packets come`;
    view.set(`${mode} strace`, `${title}\n${ofPackets}`);
    if (mode === 'shared-port') {
      showSteering(view, call);
    }
  } finally {
    await call.stop();
  }
}

/** A server and peers whose ICE is done. */
class Call {
  readonly server: number;
  readonly workers: readonly number[];
  /** A peer's two transports, each with the socket that uses it. */
  readonly legs: { name: string; ufrag: string; ice: IcePeer }[] = [];
  readonly #process: ServerProcess;
  readonly #signalling: string;
  readonly #peers: TestPeer[] = [];

  constructor(server: ServerProcess, httpPort: number) {
    this.#process = server;
    this.#signalling = `ws://127.0.0.1:${httpPort}/signalling`;
    this.server = server.process.pid ?? 0;
    this.workers = workerPids(this.server);
  }

  async join(peerId: string, roomId: string): Promise<void> {
    const peer = await TestPeer.join({ signalling: this.#signalling, roomId, peerId });
    this.#peers.push(peer);
    const { sendTransport, recvTransport } = await peer.welcome();
    for (const [direction, transport] of Object.entries({
      sends: sendTransport,
      receives: recvTransport,
    })) {
      const candidate = transport?.iceCandidates.find(({ protocol }) => protocol === 'udp');
      if (!transport || !candidate) {
        throw new Error(`${peerId} has no UDP candidate`);
      }
      const to = { ip: candidate.address ?? candidate.ip, port: candidate.port };
      const ice = await IcePeer.open(to, { port: firstPeerPort + this.legs.length });
      const result = await ice.check(transport.iceParameters);
      if (result !== 'success') {
        throw new Error(`${peerId}'s Binding Request was answered with ${result}`);
      }
      const ufrag = transport.iceParameters.usernameFragment;
      this.legs.push({ name: `${peerId} ${direction}`, ufrag, ice });
    }
  }

  /**
   * Sends data from the first peer, which is on worker 0. Each packet is sent after the one before has been read, so
   * that the counts don't depend on how busy the machine is.
   */
  async sendPackets(count: number): Promise<void> {
    const ice = this.legs[0]?.ice;
    for (let i = 0; ice && i < count; i++) {
      ice.send(unknownData);
      do {
        await sleep(1);
      } while ((await udpQueue(ice.to.port)).bytes > 0 || !isAsleep(this.workers[0] ?? 0));
    }
  }

  nameOf(pid: number): string {
    return pid === this.server ? 'server' : `worker ${this.workers.indexOf(pid)}`;
  }

  async stop(): Promise<void> {
    await Promise.all(this.legs.map(({ ice }) => ice.close()));
    await Promise.all(this.#peers.map((peer) => peer.leave()));
    await this.#process.stop();
  }
}

/** The lines of ss(8), with names instead of process ids, and without the sockets of the peers, which are ours. */
function sockets(call: Call, options: string): string[] {
  return run('ss', options)
    .trimEnd()
    .split('\n')
    .filter((line) => !line.includes(`pid=${process.pid},`))
    .map((line) =>
      line.replace(/pid=(\d+)/, (_, pid) => `pid=<${call.nameOf(Number(pid))}>`).trimEnd(),
    );
}

function naturally(a: string, b: string): number {
  return a.localeCompare(b, 'en', { numeric: true });
}

/** @returns strace(1)'s summary of the system calls that a process makes while `work` runs */
async function countSystemCalls(pid: number, work: () => Promise<void>): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'oneport-strace-'));
  const file = join(folder, 'summary');
  const summary = ['-f', '-c', '-U', 'name,calls,errors', '-S', 'name', '-o', file];
  const strace = spawn('strace', [...summary, '-p', String(pid)]);
  const exit = once(strace, 'exit');
  try {
    const [text] = await once(strace.stderr, 'data');
    if (!String(text).includes('attached')) {
      throw new Error(`strace failed: ${text}`);
    }
    await work();
    strace.kill('SIGINT');
    await exit;
    return readFileSync(file, 'utf8').trimEnd();
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** An element of `bpftool --json map dump`: bytes as texts such as `0x1f`. */
interface Element {
  key: string[];
  /** An empty slot of an array of sockets has an object that describes an error. */
  value?: string[] | object;
  /** Of a map that counts for each CPU. */
  values?: { value: string[] }[];
}

/** The eBPF program, its maps, and what the maps hold, with small numbers in place of the kernel's ids. */
function showSteering(view: Map<string, string>, call: Call): void {
  const { program, maps } = findLoaded(call.server);
  const ids = [...maps.values()];
  const small = (id: string) => String(ids.indexOf(Number(id)) + 1);
  const show = (kind: 'prog' | 'map', id: number) =>
    run('bpftool', kind, 'show', 'id', String(id))
      .trim()
      .replace(/^\d+/, (first) => (kind === 'prog' ? '1' : small(first)))
      .replace(/loaded_at \S+/, 'loaded_at <then>')
      .replace(/(?<=map_ids )[\d,]+/, (list) => list.split(',').map(small).sort().join(','))
      .replace(/(?<=pids \S+\()\d+(?=\))/, '<server>')
      .replaceAll('\t', '    ');
  view.set('bpftool prog', `# bpftool prog show\n${show('prog', program)}`);
  const shown = ids.map((id) => show('map', id)).join('\n');
  view.set('bpftool map', `# bpftool map show\n${shown}`);
  view.set('tables', showTables(maps, call));
}

/** @returns the ids of the program and the maps that a process holds, by /proc/PID/fdinfo (proc_pid_fdinfo(5)) */
function findLoaded(pid: number): { program: number; maps: Map<string, number> } {
  const infos = run('sh', '-c', `grep -hs '^[a-z]*_id:' /proc/${pid}/fdinfo/*`);
  const ids = (field: string) =>
    [...infos.matchAll(new RegExp(`^${field}:\\s*(\\d+)`, 'gm'))].map(([, id]) => Number(id));
  const [program] = ids('prog_id');
  if (program === undefined) {
    throw new Error(`process ${pid} holds no eBPF program`);
  }
  const named = ids('map_id').map((id): [string, number] => {
    const { name } = JSON.parse(run('bpftool', '--json', 'map', 'show', 'id', String(id)));
    return [name, id];
  });
  return { program, maps: new Map(named.sort(([, a], [, b]) => a - b)) };
}

/** @param maps - ids by name, of which the kernel keeps 15 characters */
function showTables(maps: Map<string, number>, call: Call): string {
  const bytes = (value: Element['value']) =>
    Buffer.from(Array.isArray(value) ? value.map(Number) : []);
  const dump = (name: string): Element[] =>
    JSON.parse(run('bpftool', '--json', 'map', 'dump', 'id', String(maps.get(name))));
  const sorted = (name: string, line: (key: Buffer, value: Buffer) => string[]) =>
    dump(name)
      .flatMap(({ key, value }) => line(bytes(key), bytes(value)))
      .sort(naturally)
      .map((text) => `  ${text}`);
  const remote = (key: Buffer) => `${readRemote(key).address}:${readRemote(key).port}`;
  // With `-e`, ss shows the kernel's number for a socket too (SO_COOKIE, socket(7)).
  const owners = sockets(call, '-lunpe');
  return [
    'ufrags: ufrag -> transport',
    ...dump('oneport_ufrags')
      .map(({ key, value }) => ({ ufrag: `${bytes(key)}`, id: bytes(value).readUInt32LE() }))
      .sort((a, b) => a.id - b.id)
      .map(({ ufrag, id }) => {
        const leg = call.legs.find((one) => one.ufrag.endsWith(ufrag));
        return `  <32 characters: ${leg?.name ?? 'unknown'}> -> ${id}`;
      }),
    'transports: transport -> socket-array slot, unverified tuples since the last verified one',
    ...dump('oneport_transpo')
      .flatMap(({ value }) => readTransport(bytes(value)) ?? [])
      .map(({ id, workerIndex, unverified }) => `  ${id} -> slot ${workerIndex}, ${unverified}`),
    'tuples: remote address -> transport, previous transport',
    ...sorted('oneport_tuples', (key, value) => {
      const { transport, previous } = readOwner(value);
      return [`${remote(key)} -> ${transport}, ${previous || 'none'}`];
    }),
    'verified tuples: remote address, transport',
    ...sorted('oneport_verifie', (key) => [`${remote(key)}, ${key.readUInt32LE(20)}`]),
    'sockets: socket-array slot -> socket (the cookies are those of `ss -lunpe`)',
    ...sorted('oneport_sockets', (key, value) => {
      if (value.length === 0) {
        return [];
      }
      const cookie = ` sk:${value.readBigUInt64LE().toString(16)} `;
      const line = owners.find((one) => one.includes(cookie)) ?? '';
      const [, owner = 'unknown', fd] = /pid=<(.+)>,fd=(\d+)/.exec(line) ?? [];
      return [`${key.readUInt32LE()} -> ${owner}, fd ${fd}`];
    }),
    'counters, of all CPUs together',
    ...dump('oneport_counter').map(({ key, values = [] }) => {
      const counts = values.map(({ value }) => Number(bytes(value).readBigUInt64LE()));
      const sum = counts.reduce((total, count) => total + count, 0);
      return `  ${counterNames[bytes(key).readUInt32LE()]?.padEnd(18)} ${sum}`;
    }),
  ].join('\n');
}

/** @returns what a program prints @throws Error when it fails */
function run(program: string, ...args: string[]): string {
  return execFileSync(program, args, {
    encoding: 'utf8',
    // On Debian, ss, bpftool and ip are not in every user's PATH.
    env: { ...process.env, PATH: `${process.env.PATH}:/usr/sbin:/sbin`, LC_ALL: 'C' },
    stdio: ['ignore', 'pipe', 'pipe'],
    // bpftool prints all of the 65,536 elements of the array of transports.
    maxBuffer: 64 * 1024 * 1024,
  });
}

/**
 * Fills the places of a Markdown page: `<!-- kernel-view: NAME, NAME -->`, the outputs, `<!-- end of kernel-view -->`.
 *
 * @throws Error when there is no output of that name
 */
export function fillPage(page: string, view: Map<string, string>): string {
  const place = /(?<=<!-- kernel-view: ([^>]+) -->\n).*?(?=<!-- end of kernel-view -->)/gs;
  return page.replace(place, (_, names: string) => {
    const outputs = names.split(', ').map((name) => {
      const text = view.get(name);
      if (text === undefined) {
        throw new Error(`there is no ${name}: ${[...view.keys()].join(', ')}`);
      }
      return text;
    });
    return `\`\`\`\n${outputs.join('\n\n')}\n\`\`\`\n`;
  });
}

if (import.meta.main) {
  await runCli({
    name: 'kernel-view',
    usage,
    options: { write: { type: 'boolean' } },
    async run({ write }) {
      if (process.platform !== 'linux' || process.geteuid?.() !== 0) {
        throw new SetUpError('kernel-view needs Linux and root', { advice: usage });
      }
      if (hasApt()) {
        await aptInstall(['bpftool', 'iproute2', 'strace'], 'to look into the kernel');
      }
      if (!enterPrivateNetwork()) {
        throw new SetUpError('kernel-view needs CAP_SYS_ADMIN, for a network namespace of its own');
      }
      const view = new Map<string, string>();
      await interruptible(async () => {
        await look('multi-port', view, { MEDIASOUP_USE_WEBRTC_SERVER: 'false' });
        await look('single-port', view, { MEDIASOUP_PORT: '443' });
        await look('shared-port', view, {
          MEDIASOUP_USE_WEBRTC_SERVER: 'shared',
          ...{ MEDIASOUP_PORT: '443', HTTP_PORT: '443' },
        });
      });
      if (!write) {
        for (const [name, text] of view) {
          process.stdout.write(`== ${name}\n${text}\n\n`);
        }
        return;
      }
      for (const name of readdirSync(join(root, 'docs')).filter((file) => file.endsWith('.md'))) {
        const file = join(root, 'docs', name);
        writeFileSync(file, fillPage(readFileSync(file, 'utf8'), view));
      }
    },
  });
}
