/**
 * A value for each secret setting, which must not be found in any log: whoever adds a setting that is marked `secret`
 * adds one here, and `secrets-in-logs.test.ts` fails until then.
 */
export const secretSettings: Record<string, string> = {
  AUTH_JWT_SECRET: 'oneport-secret-that-signs-tokens-51d0c2',
  DASHBOARD_TOKEN: 'oneport-secret-dashboard-8c1f0f',
  METRICS_TOKEN: 'oneport-secret-for-prometheus-e45d',
  TURN_SECRET: 'oneport-secret-of-the-turn-server-0a7e',
};

/**
 * What some of them take beside them.
 *
 * @param metricsPort - one that nobody has
 */
export function besideSecrets(metricsPort: number): Record<string, string> {
  return { METRICS_PORT: String(metricsPort), TURN_URLS: 'turn:turn.example:3478' };
}
