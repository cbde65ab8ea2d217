import { basename } from 'node:path';

/**
 * The npm that runs us (with the Node that runs it), so that a person's choice of npm holds all through; else
 * the first in PATH.
 *
 * @param {NodeJS.ProcessEnv} [env]
 * @returns {{ program: string, args: string[] }} What to put before npm's own arguments.
 */
export function npmCommand(env = process.env) {
  const running = env.npm_execpath;

  // Other package managers set npm_execpath too.
  if (running && /^npm/.test(basename(running)) && /\.[cm]?js$/.test(running)) {
    return { program: env.npm_node_execpath || process.execPath, args: [running] };
  }

  return { program: process.platform === 'win32' ? 'npm.cmd' : 'npm', args: [] };
}
