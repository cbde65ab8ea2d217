import { spawn } from 'node:child_process';
import { createWriteStream, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { track } from './children.mjs';
import { cacheFolder } from './paths.mjs';
import { SetUpError } from './set-up-error.mjs';

const tailLines = 15;
const tailColumns = 400;

// `file:line:column: error:`, of a compiler. What comes after its first one is candidates, notes, and other errors.
const compilerError = /^\S+:\d+(:\d+)?: (fatal )?error: /;

/**
 * Runs a program whose output interests nobody unless it fails: it goes to a log file, which is deleted
 * when the program succeeds.
 *
 * @param {string} program
 * @param {string[]} args
 * @param {object} options
 * @param {string} options.what What is being done, for the message: `npm ci`.
 * @param {string} [options.advice] What to do when it fails.
 * @param {string} [options.cwd]
 * @param {NodeJS.ProcessEnv} [options.env] The whole environment, in place of this process's.
 * @param {(line: string) => void} [options.onLine] Called with each line of output.
 * @param {RegExp} [options.noiseFrom] Matches the line from which on the output explains nothing.
 * @returns {Promise<string>} stdout.
 * @throws {SetUpError} When the program can't be started or fails; names the log.
 */
export async function runLogged(program, args, options) {
  const folder = join(cacheFolder(), 'logs');
  const log = join(folder, `${options.what.replace(/[^\w.-]+/g, '-')}-${process.pid}.log`);

  mkdirSync(folder, { recursive: true });

  const file = createWriteStream(log);

  file.write(`$ ${[program, ...args].join(' ')}\n`);

  const child = track(
    spawn(program, args, { cwd: options.cwd, env: options.env, stdio: ['ignore', 'pipe', 'pipe'] }),
  );
  let stdout = '';

  child.stdout.setEncoding('utf8').on('data', (text) => {
    stdout += text;
  });
  for (const stream of [child.stdout, child.stderr]) {
    stream.pipe(file, { end: false });
    if (options.onLine) {
      eachLine(stream, options.onLine);
    }
  }

  /** @type {string} */
  const outcome = await new Promise((settle) => {
    child.once('error', (error) => settle(`could not be started: ${error.message}`));
    child.once('close', (code, signal) => {
      settle(code === 0 ? '' : signal ? `was ended by ${signal}` : `failed with exit code ${code}`);
    });
  });

  await new Promise((done) => file.end(() => done(undefined)));

  if (outcome) {
    const lines = readFileSync(log, 'utf8').trimEnd().split('\n').slice(1);
    const noise = options.noiseFrom;
    const end = noise ? lines.findIndex((line) => noise.test(line)) : -1;
    const told = end < 0 ? lines : lines.slice(0, end);
    const first = told.findIndex((line) => compilerError.test(line));
    const tail = (first < 0 ? told.slice(-tailLines) : told.slice(first, first + tailLines))
      // A linker's command has tens of thousands of characters.
      .map((line) => (line.length > tailColumns ? `${line.slice(0, tailColumns)} ...` : line));

    throw new SetUpError(`${options.what} ${outcome}`, {
      tail: tail.join('\n'),
      log,
      advice: options.advice,
    });
  }
  rmSync(log, { force: true });

  return stdout;
}

/**
 * @param {import('node:stream').Readable} stream
 * @param {(line: string) => void} onLine
 */
function eachLine(stream, onLine) {
  let rest = '';

  stream.on('data', (chunk) => {
    const lines = (rest + String(chunk)).split(/[\r\n]+/);

    rest = lines.pop() ?? '';
    lines.forEach(onLine);
  });
}
