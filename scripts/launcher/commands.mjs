import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { buildApp } from '../setup/app-build.mjs';
import { interruptible } from '../setup/children.mjs';
import { installDependencies } from '../setup/dependencies.mjs';
import { bringNodeLib } from '../setup/node-lib.mjs';
import { getNode24 } from '../setup/node24.mjs';
import { root } from '../setup/paths.mjs';
import { getProgramsOfTests } from '../setup/programs.mjs';
import { say } from '../setup/step.mjs';
import { getWorker } from '../setup/worker.mjs';
import { withAsanReports } from './asan-reports.mjs';
import { runApart, runBeside, runTogether } from './run.mjs';

export const usage = `Usage: node scripts/oneport.mjs <command> [arguments]

  start [--help]     the server, with the app (npm start); --help lists its settings
  test [arguments]   the tests, by vitest (npm test -- server/src/config/config.test.ts)
  check              types, lint and format (npm run check)
  dev                the server and Vite's dev server, both watching (npm run dev)
  setup              only what the others do first (npm run setup)
  release FOLDER     what production needs, in a folder of its own (npm run release -- /opt/oneport)
  worker [--help]    the mediasoup worker: get it, show it, build it again (npm run worker)
  patch [--help]     what we change in mediasoup: check out, build, export, upgrade (npm run patch)
  token [--help]     a token that lets somebody into a room, by hand (npm run token)
  whois [--help]     whose is this address, ufrag, peer or room? Asks the running server (npm run whois)
  port-lab [--help]  may sockets share a port, and who gets the traffic? Tried on this kernel (npm run port-lab)
  fuzz [--help]      what nobody should send, sent to a real server with calls on it (npm run fuzz)
  soak [--help]      thousands join and leave, and nothing may be left behind (npm run soak)
  kernel-view [--help]  what the kernel has in each port mode, into docs/ (npm run kernel-view)
  steering [--help]  the eBPF program of shared-port: compile it, compare it, try another kernel (npm run steering)

  --worker=tree      with start, test and dev: the worker and the JavaScript of the work tree of \`npm run patch\`;
                     also tree:debug, tree:asan

Each does its set-up first, as far as anything is missing or out of date.
`;

/** What is long by nature runs shortly in `npm test`, and this often or this many seconds in `npm run test:long`. */
const longTests = {
  FUZZ_SECONDS: '60',
  NETWORK_RUNS: '10',
  OVERLOAD_SECONDS: '60',
  SOAK_JOINS: '1000',
  STOP_RUNS: '25',
  WORKER_KILLS: '25',
};

/**
 * What each command of the launcher does: its set-up, then the real thing, run by Node 24.
 *
 * @type {Record<string, (args: string[]) => Promise<number>>} Gives the exit code.
 */
export const commands = {
  async start(args) {
    const node24 = await setUpRuntime();
    const main = join(root, 'server/src/main.ts');

    if (args.includes('--help') || args.includes('-h')) {
      return runBeside(node24, [main, ...args]);
    }

    // Before the long part: a wrong setting shall not cost minutes.
    const wrong = await runBeside(node24, [main, '--check']);

    if (wrong) {
      return wrong;
    }

    const env = await setUpProducts(node24);

    return withAsanReports(env.MEDIASOUP_WORKER_BIN, () => runApart(node24, [main, ...args], env));
  },

  async test(args) {
    const node24 = await setUpRuntime();
    const programs = await interruptible(() => getProgramsOfTests());
    const long = args.includes('--long');
    const vitestArgs = args.filter((arg) => arg !== '--long');
    const env = {
      MEDIASOUP_LISTEN_IP: '127.0.0.1',
      ...(long ? longTests : {}),
      ...(await setUpProducts(node24)),
      ...programs,
    };

    return withAsanReports(env.MEDIASOUP_WORKER_BIN, () =>
      runBeside(node24, [inModules('vitest/vitest.mjs'), 'run', ...vitestArgs], env),
    );
  },

  async check() {
    const node24 = await setUpRuntime();
    const projects = ['.', 'app', 'e2e'].filter((folder) =>
      existsSync(join(root, folder, 'tsconfig.json')),
    );
    const checks = [
      ...projects.map((folder) => ({
        title: `tsc --noEmit -p ${folder}`,
        args: [inModules('typescript/bin/tsc'), '--noEmit', '-p', join(root, folder)],
      })),
      {
        title: 'the patches of mediasoup',
        args: [join(root, 'scripts/patching/main.ts'), 'check'],
      },
      {
        title: 'the eBPF program of shared-port',
        args: [join(root, 'scripts/steering/main.ts'), 'check'],
      },
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
      failed.length === 0
        ? `check: all ${checks.length} passed`
        : `check: failed: ${failed.join(', ')}`,
    );

    return failed.length === 0 ? 0 : 1;
  },

  async setup() {
    await setUpProducts(await setUpRuntime());
    say('everything is set up; `npm start` starts the server');

    return 0;
  },

  async release(args) {
    const node24 = await setUpRuntime();
    const help = args.includes('--help') || args.includes('-h');
    const env = help ? {} : await setUpProducts(node24);

    return runBeside(node24, [join(root, 'scripts/release/main.ts'), ...args], env);
  },

  async worker(args) {
    const node24 = await setUpRuntime();

    return runBeside(node24, [join(root, 'scripts/worker/main.ts'), ...args]);
  },

  async patch(args) {
    // Not more: patches that don't apply are what it is there to mend.
    const node24 = await setUpNode();

    return runBeside(node24, [join(root, 'scripts/patching/main.ts'), ...args]);
  },

  async token(args) {
    const node24 = await setUpNode();

    return runBeside(node24, [join(root, 'scripts/token/main.ts'), ...args]);
  },

  async whois(args) {
    const node24 = await setUpNode();

    return runBeside(node24, [join(root, 'scripts/whois/main.ts'), ...args]);
  },

  async 'port-lab'(args) {
    const node24 = await setUpRuntime();

    return runBeside(node24, [join(root, 'scripts/port-lab/main.ts'), ...args]);
  },

  async fuzz(args) {
    const node24 = await setUpRuntime();
    const env = await setUpProducts(node24);

    return runBeside(node24, [join(root, 'scripts/fuzz/main.ts'), ...args], env);
  },

  async soak(args) {
    const node24 = await setUpRuntime();
    const env = await setUpProducts(node24);

    return runBeside(node24, [join(root, 'scripts/soak/main.ts'), ...args], env);
  },

  async 'kernel-view'(args) {
    const node24 = await setUpRuntime();

    // shared-port takes it, whatever the other modes do.
    process.env.ONEPORT_WORKER ??= 'patched';
    const env = { MEDIASOUP_WORKER_BIN: await interruptible(() => getWorker(root, node24)) };

    return runBeside(node24, [join(root, 'scripts/kernel-view/main.ts'), ...args], env);
  },

  async steering(args) {
    const main = join(root, 'scripts/steering/main.ts');

    if (args[0] === 'try-kernel') {
      const node24 = await setUpRuntime();

      return runBeside(node24, [main, ...args], await setUpProducts(node24));
    }

    return runBeside(await setUpNode(), [main, ...args]);
  },

  async dev(args) {
    const node24 = await setUpRuntime();
    const env = {
      MEDIASOUP_WORKER_BIN: await interruptible(() => getWorker(root, node24)),
      // Each change of a file restarts the server: nobody wants to wait for that.
      DRAIN_SECONDS: '0',
    };

    return runTogether([
      { program: node24, args: ['--watch', join(root, 'server/src/main.ts'), ...args], env },
      { program: node24, args: [inModules('vite/bin/vite.js')], cwd: join(root, 'app') },
    ]);
  },
};

/** @returns {Promise<string>} Node 24's path, with the dependencies installed. */
function setUpNode() {
  return interruptible(async () => {
    await installDependencies(root);

    return getNode24(root);
  });
}

/** @returns {Promise<string>} Node 24's path, with the dependencies installed, and patched where patches/ say so. */
async function setUpRuntime() {
  const node24 = await setUpNode();

  await interruptible(() => bringNodeLib(root, node24));

  return node24;
}

/**
 * @param {string} node24
 * @returns {Promise<{ MEDIASOUP_WORKER_BIN: string }>} What the server's environment needs.
 */
function setUpProducts(node24) {
  return interruptible(async () => {
    const worker = await getWorker(root, node24);

    await buildApp(root, node24);

    return { MEDIASOUP_WORKER_BIN: worker };
  });
}

/** @param {string} path */
function inModules(path) {
  return join(root, 'node_modules', path);
}
