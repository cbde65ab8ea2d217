import { spawn } from 'node:child_process';
import { createWriteStream, readFileSync, rmSync } from 'node:fs';
import { basename, join } from 'node:path';
import { createInterface } from 'node:readline';
import { makeCacheFolder } from './cache-folder.mjs';
import { track } from './children.mjs';
import { heldLocks } from './lock.mjs';
import { SetUpError } from './set-up-error.mjs';

const shownLines = 15;
/** A linker's command has tens of thousands of characters. */
const shownColumns = 400;

/** `file:line:column: error:` of a compiler. The lines after the first are candidates, notes and consequential errors. */
const compilerError = /^\S+:\d+(:\d+)?: (fatal )?error: /;

/**
 * @typedef {object} Options
 * @property {string} what - the work, for the message: `npm ci`
 * @property {string} [advice] - what to do when it fails
 * @property {string} [cwd]
 * @property {NodeJS.ProcessEnv} [env] - the whole environment, instead of this process's
 * @property {(line: string) => void} [onLine] - called with each line of output
 * @property {RegExp} [noiseFrom] - matches the first line of output that explains nothing
 */

/**
 * Runs a program whose output matters only if it fails: the output goes to a log file, which is deleted when the
 * program succeeds.
 *
 * @param {string} program
 * @param {readonly string[]} args
 * @param {Options} options
 * @returns {Promise<string>} stdout
 * @throws {SetUpError} when the program cannot be started or fails; it names the log
 */
export async function runLogged(program, args, { what, advice, cwd, env, onLine, noiseFrom }) {
  const folder = makeCacheFolder('logs');
  const log = join(folder, `${what.replace(/[^\w.-]+/g, '-')}-${process.pid}.log`);
  const file = createWriteStream(log);
  file.write(`$ ${[program, ...args].join(' ')}\n`);
  const child = track(
    spawn(program, args, { cwd, env, stdio: ['ignore', 'pipe', 'pipe', ...heldLocks] }),
  );
  const streams = /** @type {import('node:stream').Readable[]} */ ([child.stdout, child.stderr]);
  let stdout = '';
  child.stdout?.setEncoding('utf8').on('data', (text) => {
    stdout += text;
  });
  for (const stream of streams) {
    stream.pipe(file, { end: false });
    if (onLine) {
      createInterface({ input: stream }).on('line', onLine);
    }
  }
  /** @type {string} */
  const failure = await new Promise((settle) => {
    child.once('error', ({ message }) => settle(`could not be started: ${message}`));
    child.once('close', (code, signal) => {
      settle(code === 0 ? '' : signal ? `was ended by ${signal}` : `failed with exit code ${code}`);
    });
  });
  await new Promise((done) => file.end(() => done(undefined)));
  if (failure) {
    const lines = readFileSync(log, 'utf8').trimEnd().split('\n').slice(1);
    throw new SetUpError(`${what} ${failure}`, { tail: essence(lines, noiseFrom), log, advice });
  }
  rmSync(log, { force: true });
  return stdout;
}

/**
 * Runs npm as `runLogged` does.
 *
 * @param {readonly string[]} args
 * @param {Options} options
 * @returns {Promise<string>} stdout
 */
export function runNpm(args, options) {
  return runLogged(...npmCommand(args), options);
}

/**
 * @param {readonly string[]} args
 * @returns {[program: string, args: string[]]} the npm that runs us, with the Node that runs it, or else the first in PATH
 */
export function npmCommand(args) {
  const { npm_execpath: npm = '', npm_node_execpath: node = process.execPath } = process.env;
  // Other package managers set npm_execpath too.
  return /^npm.*\.[cm]?js$/.test(basename(npm)) ? [node, [npm, ...args]] : ['npm', [...args]];
}

/**
 * @param {string[]} lines
 * @param {RegExp | undefined} noiseFrom
 * @returns {string} the lines of a failed program's output that tell the reason
 */
function essence(lines, noiseFrom) {
  const noise = noiseFrom ? lines.findIndex((line) => noiseFrom.test(line)) : -1;
  const told = noise < 0 ? lines : lines.slice(0, noise);
  const error = told.findIndex((line) => compilerError.test(line));
  const shown = error < 0 ? told.slice(-shownLines) : told.slice(error, error + shownLines);
  return shown
    .map((line) => (line.length > shownColumns ? `${line.slice(0, shownColumns)} ...` : line))
    .join('\n');
}
