import { spawnSync } from 'node:child_process';
import { symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { root } from '../../scripts/setup/paths.mjs';
import { readKubernetes } from '../../testkit/servers/deployed.ts';
import { temporaryFolder } from '../../testkit/system/temporary-folder.ts';

/** The module of kubernetes-types, which is generated from Kubernetes' OpenAPI, for each apiVersion. */
const modules: Record<string, string> = {
  v1: 'core/v1',
  'apps/v1': 'apps/v1',
  'networking.k8s.io/v1': 'networking/v1',
};

/** TypeScript's errors for objects declared with Kubernetes' own types; it reports unknown fields too. */
function complaintsOf(objects: { apiVersion: string; kind: string }[]): string {
  const folder = temporaryFolder();
  const declarations = objects.map((object, i) => {
    const type = `import('kubernetes-types/${modules[object.apiVersion]}').${object.kind}`;
    return `export const object${i}: ${type} = ${JSON.stringify(object, null, 2)};`;
  });
  writeFileSync(join(folder, 'objects.ts'), declarations.join('\n'));
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'));
  const { stdout } = spawnSync(
    process.execPath,
    [
      join(root, 'node_modules/typescript/bin/tsc'),
      ...['--noEmit', '--strict', '--skipLibCheck', '--types', '', '--target', 'es2024'],
      ...['--module', 'preserve', join(folder, 'objects.ts')],
    ],
    { encoding: 'utf8', cwd: folder },
  );
  return stdout;
}

test('every object has only fields that Kubernetes knows', {
  timeout: 60_000,
}, () => {
  const objects = Object.values(readKubernetes());
  expect(objects.map(({ kind }) => kind)).toEqual([
    'ConfigMap',
    'Deployment',
    'Service',
    'NetworkPolicy',
    'Ingress',
  ]);
  expect(complaintsOf(objects)).toBe('');
});

test('an unknown field and a wrong type are found', { timeout: 60_000 }, () => {
  const { Deployment } = readKubernetes();
  Deployment.spec.template.spec.containers[0].readyProbe = {};
  Deployment.spec.replicas = 'one';
  const complaints = complaintsOf([Deployment]);
  expect(complaints).toContain('"readyProbe"');
  expect(complaints).toContain("'string' is not assignable to type 'number'");
});

test('the pod has no more privileges than it needs', () => {
  const pod = readKubernetes().Deployment.spec.template.spec;
  const [container] = pod.containers;
  expect(pod).toMatchObject({
    automountServiceAccountToken: false,
    securityContext: { runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } },
  });
  expect(container.securityContext).toEqual({
    allowPrivilegeEscalation: false,
    readOnlyRootFilesystem: true,
    capabilities: { drop: ['ALL'] },
  });
});
