import { dirname } from 'node:path';
import { expect, test } from 'vitest';
import { loadConfig } from '../../server/src/config/config.ts';
import { cacheFolder } from './paths.mjs';

test.for([
  [{ ONEPORT_CACHE: '/a', XDG_CACHE_HOME: '/b' }, '/a'],
  [{ ONEPORT_CACHE: 'a' }, `${process.cwd()}/a`],
  [{ XDG_CACHE_HOME: '/b' }, '/b/oneport'],
  [{ ONEPORT_CACHE: '', XDG_CACHE_HOME: '' }, expect.stringMatching(/^\/.*\/\.cache\/oneport$/)],
] as const)('with %j the set-up and the server use the same cache folder', ([env, folder]) => {
  expect(cacheFolder(env)).toEqual(folder);
  expect(dirname(loadConfig(env).portMap.tokenFile)).toBe(cacheFolder(env));
});
