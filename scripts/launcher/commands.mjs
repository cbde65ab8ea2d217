import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { buildApp, requireBuildableRoot } from '../setup/app-build.mjs';
import { interruptible } from '../setup/children.mjs';
import { installDependencies } from '../setup/dependencies.mjs';
import { bringNodeLib, getNode24, getWorker } from '../setup/node24.mjs';
import { root } from '../setup/paths.mjs';
import { getProgramsOfTests } from '../setup/programs.mjs';
import { say } from '../setup/step.mjs';
import { withAsanReports } from './asan-reports.mjs';
import { runApart, runBeside, runTogether } from './run.mjs';

export const usage = `Usage: node scripts/oneport.mjs <command> [arguments]

  start [--help]        start the server with the app; --help lists the settings (npm start)
  test [arguments]      run the tests, by vitest (npm test -- server/src/config/config.test.ts);
                        --long repeats fuzzing, soak, kills and restarts (npm run test:long)
  check                 check types, lint, format, patches and unused code (npm run check)
  dev                   start the server and Vite's dev server, both watching (npm run dev)
  setup                 only do the set-up that the other commands do first (npm run setup)
  release FOLDER        put what production needs into a folder (npm run release -- /opt/oneport)
  worker [--help]       get the mediasoup worker, show it, build it again (npm run worker)
  patch [--help]        our changes to mediasoup: check out, build, export, upgrade (npm run patch)
  token [--help]        sign a token that admits a user to a room (npm run token)
  whois [--help]        ask the running server who has an address, ufrag, peer or room (npm run whois)
  port-lab [--help]     test on this kernel which sockets may share a port, and who gets the traffic (npm run port-lab)
  fuzz [--help]         send hostile input to a real server with calls on it (npm run fuzz)
  soak [--help]         let thousands of peers join and leave, and check for leaks (npm run soak)
  load [--help]         let peers join a server, send and receive, and check every packet (npm run load)
  bench [--help]        measure what each port mode costs on this machine (npm run bench)
  kernel-view [--help]  show what the kernel holds in each port mode (npm run kernel-view)
  steering [--help]     the eBPF program of shared-port: compile it, compare it, try another kernel (npm run steering)

  --worker=tree         with start, test and dev: use the worker and the JavaScript of the work tree of
                        \`npm run patch\`; also tree:debug, tree:asan

Each command first does the set-up that is missing or out of date.
`;

/** Long tests run briefly in `npm test`, and for this many repetitions or seconds in `npm run test:long`. */
const longTests = {
  FUZZ_SECONDS: '60',
  NETWORK_RUNS: '10',
  OVERLOAD_SECONDS: '60',
  ROOM_STEPS: '1000',
  SOAK_JOINS: '1000',
  STOP_RUNS: '25',
  WORKER_KILLS: '25',
};

/**
 * The set-up before a program runs; each level includes those before it. node: the dependencies and Node 24;
 * runtime: also our patches of mediasoup's JavaScript; worker: also a mediasoup worker; products: also the app.
 *
 * @typedef {'node' | 'runtime' | 'worker' | 'products'} Level
 */

/**
 * Programs in scripts/ and bench/, with the set-up that they need. `patch` needs little, because it repairs patches that fail.
 *
 * @type {Record<string, Level>}
 */
const programs = {
  patch: 'node',
  token: 'node',
  whois: 'node',
  steering: 'node',
  load: 'node',
  worker: 'runtime',
  'port-lab': 'runtime',
  'kernel-view': 'worker',
  fuzz: 'products',
  soak: 'products',
  bench: 'products',
  release: 'products',
};

/**
 * The commands of the launcher: their set-up, then the program itself, run by Node 24.
 *
 * @type {Record<string, (args: string[]) => Promise<number>>} each resolves to the exit code
 */
export const commands = {
  ...Object.fromEntries(
    Object.keys(programs).map((name) => [name, (/** @type {string[]} */ args) => run(name, args)]),
  ),

  async start(args) {
    requireBuildableRoot(root);
    const { node24 } = await setUp('runtime');
    const main = join(root, 'server/src/main.ts');
    if (isHelp(args)) {
      return runBeside(node24, [main, ...args]);
    }
    // Before the long part, so that a wrong setting is reported at once.
    const wrong = await runBeside(node24, [main, '--check']);
    if (wrong) {
      return wrong;
    }
    const { worker } = await setUp('products');
    return withAsanReports(worker, () => runApart(node24, [main, ...args], asEnv(worker)));
  },

  async test(args) {
    await setUp('runtime');
    const programs = await interruptible(() => getProgramsOfTests());
    const { node24, worker } = await setUp('products');
    const env = {
      MEDIASOUP_LISTEN_IP: '127.0.0.1',
      ...(args.includes('--long') ? longTests : {}),
      ...asEnv(worker),
      ...programs,
    };
    const vitestArgs = args.filter((arg) => arg !== '--long');
    return withAsanReports(worker, () =>
      runBeside(node24, [inModules('vitest/vitest.mjs'), 'run', ...vitestArgs], env),
    );
  },

  async check() {
    const { node24 } = await setUp('runtime');
    const projects = ['.', 'app', 'e2e', 'bench'].filter((folder) =>
      existsSync(join(root, folder, 'tsconfig.json')),
    );
    const checks = [
      ...projects.map((folder) => ({
        title: `tsc --noEmit -p ${folder}`,
        args: [inModules('typescript/bin/tsc'), '--noEmit', '-p', join(root, folder)],
      })),
      { title: 'patches of mediasoup', args: [programFile('patching'), 'check'] },
      { title: 'eBPF program of shared-port', args: [programFile('steering'), 'check'] },
      { title: 'unused files, exports and packages', args: [inModules('knip/bin/knip.js')] },
      { title: 'dependencies', args: [join(root, 'scripts/checks/dependencies.ts')] },
      { title: 'biome ci .', args: [inModules('@biomejs/biome/bin/biome'), 'ci', '.'] },
    ];
    const failed = [];
    for (const { title, args } of checks) {
      say(`check: ${title}`);
      if ((await runBeside(node24, args)) !== 0) {
        failed.push(title);
      }
    }
    say(
      `check: ${failed.length === 0 ? `all ${checks.length} passed` : `failed: ${failed.join(', ')}`}`,
    );
    return failed.length === 0 ? 0 : 1;
  },

  async setup() {
    await setUp('products');
    say('everything is set up; `npm start` starts the server');
    return 0;
  },

  async dev(args) {
    requireBuildableRoot(root);
    const { node24, worker } = await setUp('worker');
    return runTogether([
      {
        program: node24,
        args: ['--watch', join(root, 'server/src/main.ts'), ...args],
        // Each change of a file restarts the server, without waiting for rooms to end.
        env: { ...asEnv(worker), DRAIN_SECONDS: '0' },
      },
      { program: node24, args: [inModules('vite/bin/vite.js')], cwd: join(root, 'app') },
    ]);
  },
};

/**
 * Runs a program of scripts/ or bench/.
 *
 * @param {string} name
 * @param {string[]} args
 */
async function run(name, args) {
  if (name === 'kernel-view' || name === 'bench' || name === 'release') {
    // The first two start shared-port, which requires it. A release is for production.
    process.env.ONEPORT_WORKER ||= 'patched';
  }
  const needsServer = args[0] === (name === 'steering' ? 'try-kernel' : '--record');
  const needsNothing = ['--page', '--compare', '--list'].some((option) => args.includes(option));
  const level = needsServer ? 'products' : needsNothing ? 'node' : programs[name];
  const { node24, worker } = await setUp(isHelp(args) ? 'node' : level);
  const file = programFile(name === 'patch' ? 'patching' : name);
  return runBeside(node24, [file, ...args], asEnv(worker));
}

/**
 * @param {Level} [level]
 * @returns {Promise<{ node24: string, worker: string }>} paths; an empty one for the worker when the level has none
 */
function setUp(level) {
  return interruptible(async () => {
    if (level === 'products') {
      requireBuildableRoot(root);
    }
    await installDependencies(root);
    const node24 = await getNode24(root);
    if (level !== 'node') {
      await bringNodeLib(root, node24);
    }
    const hasWorker = level === 'worker' || level === 'products';
    const worker = hasWorker ? await getWorker(root, node24) : '';
    if (level === 'products') {
      await buildApp(root, node24);
    }
    return { node24, worker };
  });
}

/** @param {string} worker */
function asEnv(worker) {
  return worker ? { MEDIASOUP_WORKER_BIN: worker } : {};
}

/** @param {string[]} args */
function isHelp(args) {
  return args.includes('--help') || args.includes('-h');
}

/** @param {string} folder */
function programFile(folder) {
  /** @type {Record<string, string>} */
  const elsewhere = { load: 'bench/load', bench: 'bench' };
  return join(root, elsewhere[folder] ?? `scripts/${folder}`, 'main.ts');
}

/** @param {string} path */
function inModules(path) {
  return join(root, 'node_modules', path);
}
