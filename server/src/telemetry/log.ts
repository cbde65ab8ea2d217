import { type Logger, type LoggerOptions, pino, stdTimeFunctions } from 'pino';
import pretty from 'pino-pretty';
import type { Config } from '../config/types.ts';
import { boundStrings } from './bound-strings.ts';

export type { Logger };

/** Creates the log: JSON lines, or a short readable form on a terminal. */
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
  return process.stdout.isTTY
    ? pino(
        options,
        pretty({ sync: true, singleLine: true, ignore: 'pid,hostname', translateTime: 'HH:MM:ss' }),
      )
    : pino(options);
}
