import { describe, expect, test } from 'vitest';
import { loadConfig } from '../server/src/config/config.ts';
import { settings } from '../server/src/config/settings.ts';
import type { Config } from '../server/src/config/types.ts';
import { allDeployed, readDeploy, readKubernetes } from '../testkit/servers/deployed.ts';

/** ONEPORT_CACHE belongs to set-up, and the server reads it too (docs/worker.md). */
const known = new Set([...Object.keys(settings), 'ONEPORT_CACHE']);

describe.each(allDeployed())('$name', ({ env, stopSeconds, published, reserved }) => {
  // The default is the number of cores of the machine that runs the test.
  const config = loadConfig({ MEDIASOUP_NUM_WORKERS: '1', ...env });

  test('sets only existing settings, to valid values', () => {
    expect(Object.keys(env).filter((name) => !known.has(name))).toEqual([]);
    expect(Object.keys(env).length).toBeGreaterThan(2);
    expect(config.warnings).toEqual([]);
  });

  test.skipIf(stopSeconds === undefined)('is killed only after draining', () => {
    expect(stopSeconds).toBeGreaterThanOrEqual(config.drainSeconds + 5);
  });

  test.skipIf(published === undefined)('publishes exactly the ports it listens on', () => {
    const ports = mediaPorts(config);
    for (const protocol of ['udp', 'tcp'] as const) {
      const those = (published ?? []).filter((one) => one.protocol === protocol);
      expect(those.map(({ inside }) => inside).sort()).toEqual(ports);
      // No announced port is set, so candidates name the inside port.
      expect(those.filter(({ outside, inside }) => outside !== inside)).toEqual([]);
    }
    expect(config.media.announcedPort).toBeUndefined();
  });

  test.skipIf(reserved === undefined)('reserves its ports in the kernel', () => {
    const [first = 0, last = 0] = (reserved ?? '').split('-').map(Number);
    for (const port of mediaPorts(config)) {
      expect(port).toBeGreaterThanOrEqual(first);
      expect(port).toBeLessThanOrEqual(last);
    }
  });
});

function mediaPorts({ portMode, media }: Config): number[] {
  const { port, numWorkers, minPort, maxPort } = media;
  const [first, count] = {
    'single-port': [port, numWorkers],
    'shared-port': [port, 1],
    'multi-port': [minPort, maxPort - minPort + 1],
  }[portMode] as [number, number];
  return Array.from({ length: count }, (_, i) => first + i);
}

test('proxies forward to the port of the page', () => {
  const { env = {} } = allDeployed().find(({ name }) => name === 'systemd') ?? {};
  const upstream = `${env.HTTP_HOST}:${env.HTTP_PORT}`;
  expect(readDeploy('nginx/oneport.conf')).toContain(`server ${upstream};`);
  expect(readDeploy('caddy/Caddyfile')).toContain(`{$ONEPORT:${upstream}}`);
});

test('in Kubernetes only the ingress controller reaches the port at which proxies are trusted', () => {
  const { ConfigMap, NetworkPolicy, Deployment } = readKubernetes();
  const labels = Deployment.spec.template.metadata.labels;
  expect(labels).toMatchObject(NetworkPolicy.spec.podSelector.matchLabels);
  const [{ ports: open, from: anyone }, ...restricted] = NetworkPolicy.spec.ingress;
  const { MEDIASOUP_PORT, MEDIASOUP_NUM_WORKERS } = ConfigMap.data;
  const port = Number(MEDIASOUP_PORT);
  const endPort = port + Number(MEDIASOUP_NUM_WORKERS) - 1;
  expect(anyone).toBeUndefined();
  expect(open).toEqual(['UDP', 'TCP'].map((protocol) => ({ protocol, port, endPort })));
  expect(restricted.map(({ ports: [{ port }] }: { ports: [{ port: string }] }) => port)).toEqual([
    'http',
    'metrics',
  ]);
  for (const { from, ports } of restricted) {
    expect(ports).toHaveLength(1);
    // One entry with both selectors: with two entries, one of them would be enough.
    expect(from).toEqual([
      { namespaceSelector: expect.any(Object), podSelector: expect.any(Object) },
    ]);
  }
});

test('Kubernetes probes and routes to the HTTP port by its name', () => {
  const { ConfigMap, Deployment, Service, Ingress } = readKubernetes();
  const [container] = Deployment.spec.template.spec.containers;
  const http = container.ports.find(({ name }: { name: string }) => name === 'http');
  expect(String(http.containerPort)).toBe(ConfigMap.data.HTTP_PORT);
  expect(container.readinessProbe.httpGet).toEqual({ path: '/ready', port: 'http' });
  expect(container.livenessProbe.httpGet).toEqual({ path: '/health', port: 'http' });
  expect(Service.spec.ports[0].targetPort).toBe('http');
  const labels = Deployment.spec.template.metadata.labels;
  expect(labels).toMatchObject(Deployment.spec.selector.matchLabels);
  expect(labels).toMatchObject(Service.spec.selector);
  const [{ http: rules }] = Ingress.spec.rules;
  for (const { backend } of rules.paths) {
    expect(backend.service).toEqual({
      name: Service.metadata.name,
      port: { name: Service.spec.ports[0].name },
    });
  }
});
