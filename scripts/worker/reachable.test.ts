import { expect, test } from 'vitest';
import { loadConfig } from '../../server/src/config/config.ts';
import { isReachable } from './reachable.ts';

const reachable: NodeJS.ProcessEnv[] = [
  { HTTP_HOST: '0.0.0.0' },
  { HTTP_HOST: '::' },
  { HTTP_HOST: '192.0.2.7', HTTPS: 'self-signed' },
  { HTTPS: 'self-signed' },
  { TRUST_PROXY: 'loopback' },
  { ALLOWED_ORIGINS: 'http://localhost:8080, https://call.example' },
  { MEDIASOUP_ANNOUNCED_ADDRESS: '203.0.113.7' },
];

const local: NodeJS.ProcessEnv[] = [
  {},
  { HTTP_HOST: '', TRUST_PROXY: ' ' },
  { HTTP_HOST: '127.0.0.2' },
  { HTTP_HOST: '::1' },
  { HTTP_HOST: '127.0.0.1', HTTPS: 'self-signed' },
  { ALLOWED_ORIGINS: 'http://localhost:8080,https://[::1]:8443' },
  { MEDIASOUP_ANNOUNCED_ADDRESS: '127.0.0.1' },
];

test('says what the server says about the same settings', () => {
  for (const env of reachable) {
    expect({ env, server: loadConfig(env).reachableBy }).toMatchObject({
      server: expect.any(String),
    });
    expect({ env, reachable: isReachable(env) }).toEqual({ env, reachable: true });
  }
  for (const env of local) {
    expect({ env, server: loadConfig(env).reachableBy }).toEqual({ env, server: undefined });
    expect({ env, reachable: isReachable(env) }).toEqual({ env, reachable: false });
  }
});
