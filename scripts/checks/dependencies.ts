/** Checks the packages of package-lock.json: where they come from, their licences, and known vulnerabilities. */
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { root } from '../setup/paths.mjs';
import { npmCommand } from '../setup/run-logged.mjs';

/** SPDX identifiers of licences that let us distribute the packages, in a release or as tools that are not part of it. */
const accepted = new Set([
  ...[
    '0BSD',
    'Apache-2.0',
    'BlueOak-1.0.0',
    'BSD-2-Clause',
    'BSD-3-Clause',
    'CC0-1.0',
    'ISC',
    'MIT',
  ],
  // Of files, not of programs that contain them: lightningcss, which builds the app.
  'MPL-2.0',
  // The same, as node-datachannel spells it: the load generator's, in no release.
  'MPL 2.0',
]);

/** Packages whose package.json states no licence in a form that npm reads. */
const statedElsewhere: Record<string, string> = { 'xmlhttprequest-ssl': 'MIT' };

const lockSchema = z.object({
  packages: z.record(
    z.string(),
    z.object({
      version: z.string().optional(),
      link: z.boolean().optional(),
      resolved: z.string().optional(),
      integrity: z.string().optional(),
      license: z.string().optional(),
    }),
  ),
});

/**
 * Packages that npm could not verify, or whose licence is not accepted.
 *
 * @param lock - the parsed package-lock.json
 * @returns a sentence for each
 */
export function lockProblems(lock: unknown): string[] {
  return Object.entries(lockSchema.parse(lock).packages).flatMap(([path, entry]) => {
    const name = path.replace(/^.*node_modules\//, '');
    if (name === path || entry.link) {
      return [];
    }
    const licence = entry.license ?? statedElsewhere[name];
    return [
      ...(/^sha512-[\w+/]{86}==$/.test(entry.integrity ?? '') ? [] : ['has no SHA-512 integrity']),
      ...(entry.resolved === undefined
        ? []
        : [`comes from ${entry.resolved} instead of the registry`]),
      ...(licence !== undefined && isAccepted(licence)
        ? []
        : [`has the licence ${licence ?? '(none stated)'}, which scripts/checks does not accept`]),
    ].map((problem) => `${path}@${entry.version} ${problem}`);
  });
}

/** @param expression - of SPDX, without nested brackets: `(MIT OR Apache-2.0)` */
function isAccepted(expression: string): boolean {
  const choices = expression.replace(/^\((.*)\)$/, '$1').split(' OR ');
  return choices.some((choice) => choice.split(' AND ').every((id) => accepted.has(id)));
}

export interface Audit {
  readonly verdict: 'nothing severe' | 'severe' | 'unanswered';
  /** npm's own report, or why the registry gave none. */
  readonly report: string;
}

/**
 * Asks the registry for known vulnerabilities of the locked packages.
 *
 * @param folder - with a package-lock.json
 * @param env - npm's environment
 */
export function audit(folder: string, env: NodeJS.ProcessEnv = process.env): Promise<Audit> {
  const options = ['--audit-level=high', '--package-lock-only', '--fetch-retries=0'];
  const [program, args] = npmCommand(['audit', ...options, '--fetch-timeout=20000']);
  return new Promise((resolve) => {
    execFile(program, args, { cwd: folder, env, timeout: 60_000 }, (error, stdout, stderr) => {
      // npm ends with 1 in both cases, but writes a report only when it was answered.
      if (/^(found 0 vulnerabilities|# npm audit report)/m.test(stdout)) {
        resolve({ verdict: error ? 'severe' : 'nothing severe', report: stdout.trim() });
      } else {
        resolve({ verdict: 'unanswered', report: stderr.trim() || String(error) });
      }
    });
  });
}

if (import.meta.main) {
  const problems = lockProblems(JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')));
  const { verdict, report } = await audit(root);
  console.log([...problems, `npm audit: ${verdict}`, report].join('\n'));
  process.exitCode = problems.length > 0 || verdict === 'severe' ? 1 : 0;
}
