import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import { onEndSignal } from '../setup/children.mjs';
import { root } from '../setup/paths.mjs';
import { SetUpError } from '../setup/set-up-error.mjs';

/**
 * At Ctrl-C the terminal signals npm and us, and npm passes its own on to us: within this time the same signal counts
 * once. A user who presses twice takes longer.
 */
const sameSignalMs = 250;

/**
 * Runs a program in the foreground, in the same process group of the terminal as this process.
 *
 * @param {string} program
 * @param {string[]} args
 * @param {NodeJS.ProcessEnv} [env] - added to ours; variables that the user has set win
 * @returns {Promise<number>} its exit code
 */
export function runBeside(program, args, env) {
  const child = spawn(program, args, { cwd: root, env: merged(env), stdio: 'inherit' });
  const stop = passSignals((signal) => {
    // The terminal itself sends a Ctrl-C to the child.
    if (signal !== 'SIGINT' || !process.stdin.isTTY) {
      child.kill(signal);
    }
  });
  return exitCode(child).finally(stop);
}

/**
 * Runs the server in a process group of its own, and passes signals on to it. Otherwise a Ctrl-C in the terminal would
 * reach it directly and again through us, and the second of two signals stops it at once.
 *
 * Where no signal can reach it, the IPC channel does: when we may not signal it, and when we are killed, which it sees
 * as `disconnect`.
 *
 * @param {string} program
 * @param {string[]} args
 * @param {NodeJS.ProcessEnv} [env] - added to ours; variables that the user has set win
 * @returns {Promise<number>} its exit code
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
      // After RUN_AS_USER it belongs to another user, and root lacks CAP_KILL in some containers.
      if (child.connected) {
        child.send(signal);
      }
    }
  });
  return exitCode(child).finally(stop);
}

/**
 * Runs several programs side by side: when one ends, the others are ended too.
 *
 * @param {{ program: string, args: string[], cwd?: string, env?: NodeJS.ProcessEnv }[]} wanted
 * @returns {Promise<number>} the exit code of the program that ended first
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
  const codes = children.map(exitCode);
  try {
    const first = await Promise.race(codes);
    endAll('SIGTERM');
    await Promise.allSettled(codes);
    return first;
  } finally {
    stop();
  }
}

/**
 * @param {(signal: NodeJS.Signals) => void} pass
 * @returns {() => void} stops passing signals on
 */
function passSignals(pass) {
  /** @type {Map<NodeJS.Signals, number>} */
  const lastAt = new Map();
  return onEndSignal((signal) => {
    const now = performance.now();
    if (now - (lastAt.get(signal) ?? -sameSignalMs) >= sameSignalMs) {
      lastAt.set(signal, now);
      pass(signal);
    }
  });
}

/**
 * @param {import('node:child_process').ChildProcess} child
 * @returns {Promise<number>} after a signal, the code that a shell would give
 */
function exitCode(child) {
  return new Promise((settle, fail) => {
    child.once('error', ({ message }) =>
      fail(new SetUpError(`${child.spawnfile} could not be started: ${message}`)),
    );
    child.once('exit', (code, signal) =>
      settle(code ?? 128 + (signal ? constants.signals[signal] : 0)),
    );
  });
}

/**
 * @param {NodeJS.ProcessEnv} [env]
 * @returns {NodeJS.ProcessEnv} our environment, with these variables where ours are unset or empty
 */
function merged(env) {
  const own = Object.entries(process.env).filter(([name, value]) => value !== '' || !env?.[name]);
  return { ...env, ...Object.fromEntries(own) };
}
