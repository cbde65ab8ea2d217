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

const auditSchema = z.object({
  vulnerabilities: z.record(
    z.string(),
    z.object({ severity: z.string(), via: z.array(z.unknown()) }),
  ),
});

export interface Audit {
  /** Why the registry gave no answer. */
  unanswered?: string;
  /** A line per package: those of severity high and critical, and all others. */
  severe: string[];
  minor: string[];
}

/**
 * Asks the registry for known vulnerabilities of the locked packages.
 *
 * @param folder - with a package-lock.json
 * @param env - npm's environment
 */
export async function audit(folder: string, env: NodeJS.ProcessEnv = process.env): Promise<Audit> {
  const [program, args] = npmCommand([
    ...['audit', '--json', '--package-lock-only', '--fetch-retries=0', '--fetch-timeout=20000'],
  ]);
  const output = await new Promise<string>((resolve) => {
    execFile(
      program,
      args,
      { cwd: folder, env, timeout: 60_000, maxBuffer: 2 ** 26 },
      (error, stdout) => resolve(stdout || String(error)),
    );
  });
  const report = auditSchema.safeParse(parsed(output));
  if (!report.success) {
    const { message } = z
      .object({ message: z.string() })
      .catch({ message: output })
      .parse(parsed(output));
    return { unanswered: message.split('\n')[0] ?? '', severe: [], minor: [] };
  }
  const found = Object.entries(report.data.vulnerabilities).map(([name, { severity, via }]) => ({
    isSevere: severity === 'high' || severity === 'critical',
    line: `${name}: ${severity}, ${via.map(titleOf).join('; ')}`,
  }));
  const lines = (severe: boolean) =>
    found.filter(({ isSevere }) => isSevere === severe).map(({ line }) => line);
  return { severe: lines(true), minor: lines(false) };
}

/** @param via - an advisory, or the name of the package through which it applies */
function titleOf(via: unknown): string {
  const advisory = z
    .object({ title: z.string(), url: z.string(), range: z.string() })
    .safeParse(via);
  return advisory.success
    ? `${advisory.data.title} in ${advisory.data.range} (${advisory.data.url})`
    : `by ${via}`;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

if (import.meta.main) {
  const problems = lockProblems(JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')));
  const { unanswered, severe, minor } = await audit(root);
  console.log(
    [
      ...problems,
      ...severe.map((line) => `vulnerable: ${line}`),
      ...minor.map((line) => `vulnerable, accepted by this check: ${line}`),
      unanswered === undefined
        ? `npm audit: ${severe.length + minor.length} packages with known vulnerabilities`
        : `npm audit was not answered, so known vulnerabilities were not checked: ${unanswered}`,
    ].join('\n'),
  );
  process.exitCode = problems.length + severe.length > 0 ? 1 : 0;
}
