import { isatty } from 'node:tty';
import { type Logger, type LoggerOptions, pino, stdTimeFunctions } from 'pino';
import { prettyFactory } from 'pino-pretty';
import type { Config } from '../config/types.ts';
import { boundStrings } from './bound-strings.ts';
import { standardOutput } from './standard-output.ts';

export type { Logger };

/** Creates the log on standard output: JSON lines, or a short readable form on a terminal. */
export function createLog(level: Config['logLevel']): Logger {
  const options: LoggerOptions = {
    level,
    base: null,
    timestamp: stdTimeFunctions.isoTime,
    formatters: { level: (label) => ({ level: label }) },
    hooks: {
      logMethod(args, log) {
        log.apply(this, args.map(boundStrings) as typeof args);
      },
    },
  };
  const output = standardOutput();
  const pretty = prettyFactory({
    singleLine: true,
    ignore: 'pid,hostname',
    translateTime: 'HH:MM:ss',
  });
  const log = pino(
    options,
    isatty(1) ? { write: (line: string) => output.write(pretty(line)) } : output,
  );
  output.onRecovery = (lines) => log.warn({ lines }, 'log lines dropped');
  return log;
}
