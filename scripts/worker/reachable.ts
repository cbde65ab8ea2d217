const here = /^(localhost|127\.[\d.]+|::1)$/;

/**
 * Whether other machines can reach the server, by the variables that it will start with: as
 * server/src/config/reachable.ts, which a worker is built without (deploy/docker/Dockerfile). Wrong values count as
 * reachable; the server refuses them.
 */
export function isReachable(env: NodeJS.ProcessEnv): boolean {
  const host = env.HTTP_HOST?.trim() || (env.HTTPS?.trim() === 'self-signed' ? '0.0.0.0' : '::1');
  return (
    !here.test(host) ||
    Boolean(env.TRUST_PROXY?.trim()) ||
    !listed(env.ALLOWED_ORIGINS).every((origin) => here.test(hostOf(origin))) ||
    !listed(env.MEDIASOUP_ANNOUNCED_ADDRESS).every((address) => here.test(address))
  );
}

function listed(text: string | undefined): string[] {
  return (text ?? '').split(',').flatMap((item) => item.trim() || []);
}

function hostOf(origin: string): string {
  return URL.canParse(origin) ? new URL(origin).hostname.replace(/^\[|\]$/g, '') : origin;
}
