import { explain } from '@oneport/protocol';
import { closest, distance } from 'fastest-levenshtein';
import { type Setting, type SettingName, settings, type Values } from './settings.ts';

export interface ParsedSettings {
  values: Values;
  /** The settings that the environment sets. */
  given: ReadonlySet<SettingName>;
  /** One line each, for people. The values are complete only if there is none. */
  problems: string[];
  warnings: string[];
}

/** Former names, and those that mediasoup-demo and other projects use. */
const renamed: Record<string, SettingName> = {
  MEDIASOUP_ANNOUNCED_IP: 'MEDIASOUP_ANNOUNCED_ADDRESS',
  PROTOO_LISTEN_PORT: 'HTTP_PORT',
  DASHBOARD_TOKEN: 'PORT_MAP_TOKEN',
  MAX_TCP_WAITING: 'MAX_TCP_PENDING',
  MAX_TCP_WAITING_PER_ADDRESS: 'MAX_TCP_PENDING_PER_ADDRESS',
  MAX_WAITING_REQUESTS: 'MAX_QUEUED_REQUESTS',
};

/** Variables of mediasoup's installation and build. */
const mediasoupsOwn =
  /^MEDIASOUP_(WORKER_PREBUILT_|SKIP_|FORCE_|LOCAL_DEV|BUILDTYPE|MAX_CORES|OUT_DIR)/;

/**
 * Checks each setting by itself.
 *
 * @param env - the environment; an empty value counts as unset
 */
export function parseSettings(env: NodeJS.ProcessEnv): ParsedSettings {
  const problems: string[] = [];
  const warnings: string[] = [];
  const values: Record<string, unknown> = {};
  const given = new Set<SettingName>();
  for (const [name, { schema, secret }] of Object.entries<Setting>(settings)) {
    const text = env[name]?.trim() || undefined;
    if (text !== undefined) {
      given.add(name as SettingName);
    }
    const result = schema.safeParse(text);
    if (result.success) {
      values[name] = result.data;
    } else {
      problems.push(`${name}${secret ? '' : `=${text}`}: ${explain(result.error)}`);
    }
  }
  for (const [other, name] of Object.entries(renamed)) {
    if (env[other]) {
      problems.push(`${other}: unknown setting. Its name is ${name}`);
    }
  }
  for (const name of unknownNames(env)) {
    const meant = similarName(name);
    if (meant) {
      problems.push(`${name}: unknown setting. Did you mean ${meant}?`);
    } else if (/^(MEDIASOUP|AUTH)_/.test(name)) {
      warnings.push(
        `${name} is not a setting of oneport and has no effect; npm start -- --help lists them`,
      );
    }
  }
  return { values: values as Values, given, problems, warnings };
}

/** A misspelt setting would silently have its default. */
function unknownNames(env: NodeJS.ProcessEnv): string[] {
  return Object.keys(env).filter(
    (name) =>
      /^[A-Z_]+$/.test(name) &&
      !mediasoupsOwn.test(name) &&
      !Object.hasOwn(settings, name) &&
      !Object.hasOwn(renamed, name),
  );
}

/** @returns the setting that was misspelt. Short names may be another program's: AUTH_USER is close to AUTH_ISSUER. */
function similarName(name: string): string | undefined {
  if (name.length < 12) {
    return undefined;
  }
  const meant = closest(name, Object.keys(settings));
  return distance(name, meant) <= 2 ? meant : undefined;
}

/**
 * Removes secret settings from an environment, because workers inherit it and parse what the network sends.
 *
 * @param env - after it was parsed
 */
export function deleteSecrets(env: NodeJS.ProcessEnv): void {
  for (const [name, { secret }] of Object.entries<Setting>(settings)) {
    if (secret) {
      delete env[name];
    }
  }
}
