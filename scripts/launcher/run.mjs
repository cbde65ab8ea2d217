import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import { watchParent } from '../setup/parent.mjs';
import { root } from '../setup/paths.mjs';
import { SetUpError } from '../setup/set-up-error.mjs';

const signals = /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP']);

/**
 * At Ctrl-C the terminal signals npm and us, and npm passes its own on to us: within this time the same
 * signal is the same wish. A person who presses twice takes longer.
 */
const sameWishMs = 250;

/**
 * Runs a program in the foreground, beside us in the terminal's process group.
 *
 * @param {string} program
 * @param {string[]} args
 * @param {NodeJS.ProcessEnv} [env] Added to ours; what the person has set themselves wins.
 * @returns {Promise<number>} Its exit code.
 */
export function runBeside(program, args, env) {
  const child = spawn(program, args, { cwd: root, env: merged(env), stdio: 'inherit' });
  // Of a Ctrl-C the child hears from the terminal itself.
  const stop = passSignals((signal) => {
    if (signal !== 'SIGINT' || !process.stdin.isTTY) {
      child.kill(signal);
    }
  });

  return ended(child).finally(stop);
}

/**
 * Runs the server in a process group of its own, and passes signals on to it. A Ctrl-C in the terminal would
 * otherwise reach it both directly and through us, and the second of two signals stops it at once.
 *
 * The IPC channel is for when no signal can say it: we may not send the server one, or we are killed outright and it
 * sees `disconnect`.
 *
 * @param {string} program
 * @param {string[]} args
 * @param {NodeJS.ProcessEnv} [env] Added to ours; what the person has set themselves wins.
 * @returns {Promise<number>} Its exit code.
 */
export function runApart(program, args, env) {
  const child = spawn(program, args, {
    cwd: root,
    env: merged(env),
    stdio: ['inherit', 'inherit', 'inherit', 'ipc'],
    detached: true,
  });
  const stop = passSignals((signal) => {
    try {
      if (child.pid) {
        process.kill(child.pid, signal);
      }
    } catch {
      // After RUN_AS_USER it is another user's, and root lacks CAP_KILL in some containers.
      if (child.connected) {
        child.send(signal);
      }
    }
  });

  return ended(child).finally(stop);
}

/**
 * Runs several programs side by side: when one ends, the others are ended too.
 *
 * @param {{ program: string, args: string[], cwd?: string, env?: NodeJS.ProcessEnv }[]} wanted
 * @returns {Promise<number>} The exit code of the one that ended first.
 */
export async function runTogether(wanted) {
  const children = wanted.map(({ program, args, cwd = root, env }) =>
    spawn(program, args, {
      cwd,
      env: merged(env),
      stdio: ['ignore', 'inherit', 'inherit'],
      detached: true,
    }),
  );
  /** @param {NodeJS.Signals} signal */
  const endAll = (signal) => {
    for (const child of children) {
      child.kill(signal);
    }
  };
  const stop = passSignals(endAll);
  const outcomes = children.map(ended);

  try {
    const first = await Promise.race(outcomes);

    endAll('SIGTERM');
    await Promise.allSettled(outcomes);

    return first;
  } finally {
    stop();
  }
}

/**
 * @param {(signal: NodeJS.Signals) => void} pass
 * @returns {() => void} Puts an end to it.
 */
function passSignals(pass) {
  /** @type {Map<NodeJS.Signals, number>} */
  const lastAt = new Map();
  /** @param {NodeJS.Signals} signal */
  const onSignal = (signal) => {
    const now = performance.now();

    if (now - (lastAt.get(signal) ?? -sameWishMs) >= sameWishMs) {
      lastAt.set(signal, now);
      pass(signal);
    }
  };

  const unwatch = watchParent(() => pass('SIGTERM'));

  for (const signal of signals) {
    process.on(signal, onSignal);
  }

  return () => {
    unwatch();
    for (const signal of signals) {
      process.off(signal, onSignal);
    }
  };
}

/**
 * @param {import('node:child_process').ChildProcess} child
 * @returns {Promise<number>} The exit code; for a signal, what a shell would say.
 */
function ended(child) {
  return new Promise((settle, fail) => {
    child.once('error', (error) =>
      fail(new SetUpError(`${child.spawnfile} could not be started: ${error.message}`)),
    );
    child.once('exit', (code, signal) =>
      settle(code ?? 128 + (signal ? constants.signals[signal] : 0)),
    );
  });
}

/**
 * @param {NodeJS.ProcessEnv} [env]
 * @returns {NodeJS.ProcessEnv} Our environment and, where it says nothing, this one.
 */
function merged(env) {
  const own = Object.entries(process.env).filter(([name, value]) => value !== '' || !env?.[name]);

  return { ...env, ...Object.fromEntries(own) };
}
