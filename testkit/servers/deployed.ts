import { readFileSync } from 'node:fs';
import { parse, parseAllDocuments } from 'yaml';

const deployFolder = new URL('../../deploy/', import.meta.url);

/** A port of the host, and the container port it forwards to. */
interface Published {
  readonly protocol: 'udp' | 'tcp';
  readonly outside: number;
  readonly inside: number;
}

/** How a file below deploy/ runs oneport. */
export interface Deployed {
  readonly name: string;
  readonly env: Record<string, string>;
  /** Seconds between SIGTERM and SIGKILL. */
  readonly stopSeconds?: number | undefined;
  /** The published media ports; undefined if the host's network is used. */
  readonly published?: Published[];
  /** Ports reserved in the kernel: `44444-44447`. */
  readonly reserved?: string | undefined;
}

/** Values for the variables of compose's `.env`. */
export const samples: Record<string, string> = {
  PUBLIC_NAME: 'call.example',
  PUBLIC_ADDRESS: '203.0.113.7',
  PORT_MAP_TOKEN: 'sixteen-letters-or-more',
};

/** @param name - a file below deploy/ */
export function readDeploy(name: string): string {
  return readFileSync(new URL(name, deployFolder), 'utf8');
}

/** Every way to run oneport in deploy/. */
export function allDeployed(): Deployed[] {
  return [ofSystemd(), ofDockerfile(), ...ofCompose(), ofKubernetes()];
}

function ofSystemd(): Deployed {
  const unit = readDeploy('systemd/oneport.service');
  const inUnit = Object.fromEntries(
    [...unit.matchAll(/^Environment=(\w+)=(.*)$/gm)].map(([, name = '', value = '']) => [
      name,
      value,
    ]),
  );
  const inFile = Object.fromEntries(
    [...readDeploy('systemd/oneport.env').matchAll(/^(\w+)=(.*)$/gm)].map(
      ([, name = '', value = '']) => [name, value],
    ),
  );

  return {
    name: 'systemd',
    env: { ...inFile, ...inUnit },
    stopSeconds: Number(/^TimeoutStopSec=(\d+)$/m.exec(unit)?.[1]),
    reserved: /ip_local_reserved_ports = (\S+)/.exec(readDeploy('sysctl/60-oneport.conf'))?.[1],
  };
}

function ofDockerfile(): Deployed {
  const text = readDeploy('docker/Dockerfile');
  // The last stage is the image.
  const stage = text.slice(text.lastIndexOf('\nFROM '));
  const words = [...stage.matchAll(/^ENV (.*)$/gm)].flatMap(([, line = '']) => line.split(' '));
  const published = [...stage.matchAll(/^EXPOSE (.*)$/gm)]
    .flatMap(([, line = '']) => line.split(' '))
    .flatMap((port) => publishedBy(`${port.split('/')[0]}:${port}`));

  return {
    name: 'Dockerfile',
    env: {
      ...Object.fromEntries(words.map((word) => word.split('=') as [string, string])),
      // Required from the operator.
      MEDIASOUP_ANNOUNCED_ADDRESS: '203.0.113.7',
      TRUST_PROXY: '172.17.0.0/16',
    },
    published: published.filter(({ inside }) => inside !== 3000),
  };
}

interface Service {
  environment: Record<string, string>;
  ports: string[];
  profiles: string[];
  image: string;
  stop_grace_period?: string;
  sysctls?: Record<string, string>;
}

/** compose.yaml with the samples in place of variables. */
export function readCompose(): { services: Record<string, Service> } {
  const text = readDeploy('docker/compose.yaml').replace(
    /\$\{(\w+)[^}]*\}/g,
    (_, name: string) => samples[name] ?? '',
  );

  return parse(text, { merge: true });
}

function ofCompose(): Deployed[] {
  return Object.entries(readCompose().services)
    .filter(([, { image }]) => image === 'oneport')
    .map(([name, service]) => ({
      name: `compose: ${name}`,
      env: service.environment,
      stopSeconds: Number(/^(\d+)s$/.exec(service.stop_grace_period ?? '')?.[1]),
      published: service.ports.flatMap(publishedBy),
      reserved: service.sysctls?.['net.ipv4.ip_local_reserved_ports'],
    }));
}

/** @param text - `44444-44447:44444-44447/udp`; the result has an entry per port */
function publishedBy(text: string): Published[] {
  const [, from, to = from, inside, lastInside = inside, protocol] =
    /^(\d+)(?:-(\d+))?:(\d+)(?:-(\d+))?\/(udp|tcp)$/.exec(text) ?? [];

  if (Number(to) - Number(from) !== Number(lastInside) - Number(inside)) {
    throw new Error(`${text}: expected as many ports outside as inside, and their protocol`);
  }

  return Array.from({ length: Number(to) - Number(from) + 1 }, (_, i) => ({
    protocol: protocol as Published['protocol'],
    outside: Number(from) + i,
    inside: Number(inside) + i,
  }));
}

/** The documents of oneport.yaml by kind. */
// biome-ignore lint/suspicious/noExplicitAny: kubernetes.test.ts checks the types
export function readKubernetes(): Record<string, any> {
  const documents = parseAllDocuments(readDeploy('kubernetes/oneport.yaml')).map((one) => {
    if (one.errors.length > 0) {
      throw one.errors[0];
    }

    return one.toJS();
  });

  return Object.fromEntries(documents.map((one) => [one.kind, one]));
}

function ofKubernetes(): Deployed {
  const { ConfigMap, Deployment } = readKubernetes();
  const pod = Deployment.spec.template.spec;
  const [container] = pod.containers;
  // The command that creates the secret is at the top of the file.
  const literals = readDeploy('kubernetes/oneport.yaml').matchAll(/--from-literal=(\w+)=/g);
  const ofSecret = Object.fromEntries([...literals].map(([, name = '']) => [name, 'x'.repeat(48)]));
  const ofNode = container.env.map(({ name }: { name: string }) => [name, '203.0.113.7']);

  return {
    name: 'Kubernetes',
    env: { ...ConfigMap.data, ...Object.fromEntries(ofNode), ...ofSecret },
    stopSeconds: pod.terminationGracePeriodSeconds,
    reserved: pod.securityContext.sysctls[0].value,
    published: container.ports
      .filter(({ hostPort }: { hostPort?: number }) => hostPort !== undefined)
      .map((port: { protocol: string; hostPort: number; containerPort: number }) => ({
        protocol: port.protocol.toLowerCase(),
        outside: port.hostPort,
        inside: port.containerPort,
      })),
  };
}
