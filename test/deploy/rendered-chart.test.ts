import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parseAllDocuments, stringify } from 'yaml';

/** Where Debian keeps the packages that Helm renders with. */
const packages = '/usr/share/gocode';
const canRender =
  spawnSync('go', ['version']).status === 0 &&
  ['github.com/Masterminds/sprig', 'sigs.k8s.io/yaml'].every((name) => existsSync(`${packages}/src/${name}`));

// biome-ignore lint/suspicious/noExplicitAny: manifests are read by path.
type Manifest = any;

const needed = {
  config: {
    PUBLIC_URL: 'https://rollcall.example.com',
    JWT_ISSUER: 'https://login.example.com/',
    JWT_AUDIENCE: 'rollcall',
    JWT_JWKS_URL: 'https://login.example.com/jwks.json',
    STORAGE_URL: 's3://bucket?region=eu',
  },
};

describe.skipIf(!canRender)('the chart, rendered', () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'rollcall-chart-'));
    const env = { ...process.env, GO111MODULE: 'off', GOPATH: packages };
    execFileSync('go', ['build', '-o', join(folder, 'render'), 'test/deploy/helm/main.go'], { env });
  }, 120_000);
  afterAll(() => rmSync(folder, { recursive: true }));

  const render = (values: string, release = 'rollcall') => {
    writeFileSync(join(folder, 'values.yaml'), values);
    return execFileSync(join(folder, 'render'), ['deploy/chart', release, join(folder, 'values.yaml')], {
      encoding: 'utf8',
      stdio: 'pipe',
    });
  };
  /** Manifests by kind, or by kind and name where there are several. Kubernetes reads YAML 1.1. */
  const manifests = (values: object | string = needed, release?: string) => {
    const found = new Map<string, Manifest>();
    const text = render(typeof values === 'string' ? values : stringify(values), release);
    for (const document of parseAllDocuments(text, { version: '1.1' })) {
      if ('errors' in document) expect(document.errors).toEqual([]);
      const manifest: Manifest = document.toJS();
      if (!manifest) continue;
      expect(manifest.metadata.name.length).toBeLessThanOrEqual(63);
      const { kind } = manifest;
      found.set(found.has(kind) ? `${kind} ${manifest.metadata.name}` : kind, manifest);
    }
    return found;
  };

  test('has two replicas, a budget and a job that migrates, and nothing that was not asked for', () => {
    const found = manifests();
    const kinds = ['ConfigMap', 'Deployment', 'Job', 'PodDisruptionBudget', 'Service', 'ServiceAccount'];
    expect([...found.keys()].sort()).toEqual(kinds);
    expect(found.get('Deployment').spec.replicas).toBe(2);
    expect(found.get('PodDisruptionBudget').spec.maxUnavailable).toBe(1);
    const long = manifests(needed, 'a-name-of-fifty-three-characters-as-long-as-helm-takes');
    expect([...long.keys()].sort()).toEqual(kinds);
  });

  test('lets no pod be root, write to its image, gain anything, or call the cluster', () => {
    const found = manifests();
    for (const kind of ['Deployment', 'Job']) {
      const { spec } = found.get(kind).spec.template;
      expect(spec).toMatchObject({ automountServiceAccountToken: false, enableServiceLinks: false });
      expect(spec.securityContext).toMatchObject({
        runAsNonRoot: true,
        runAsUser: 10001,
        seccompProfile: { type: 'RuntimeDefault' },
      });
      expect(spec.containers[0].securityContext).toEqual({
        allowPrivilegeEscalation: false,
        readOnlyRootFilesystem: true,
        capabilities: { drop: ['ALL'] },
      });
    }
    expect(found.get('ServiceAccount').automountServiceAccountToken).toBe(false);
  });

  test('migrates before the rollout, by the job’s one variable, with labels that no selector finds', () => {
    const found = manifests();
    const job = found.get('Job');
    expect(job.metadata.annotations['helm.sh/hook']).toBe('pre-install,pre-upgrade');
    const { metadata, spec } = job.spec.template;
    expect(spec.serviceAccountName).toBeUndefined();
    expect(spec.restartPolicy).toBe('Never');
    const [container] = spec.containers;
    expect(container.command).toEqual(['node', 'dist/commands/migrate.js']);
    expect(existsSync(container.command[1].replace('dist/', 'src/').replace('.js', '.ts'))).toBe(true);
    expect(container.env).toEqual([
      { name: 'DATABASE_URL', valueFrom: { secretKeyRef: { name: 'rollcall', key: 'DATABASE_URL' } } },
    ]);
    const matches = (selector: object) =>
      Object.entries(selector).every(([name, value]) => metadata.labels[name] === value);
    expect(matches(found.get('Service').spec.selector)).toBe(false);
    expect(matches(found.get('PodDisruptionBudget').spec.selector.matchLabels)).toBe(false);

    expect(manifests({ ...needed, migration: { enabled: false } }).has('Job')).toBe(false);
    const existing = manifests({ ...needed, serviceAccount: { create: false, name: 'there' } });
    expect(existing.get('Job').spec.template.spec.serviceAccountName).toBe('there');
    expect(existing.has('ServiceAccount')).toBe(false);
  });

  test('takes secrets by reference, probes what the service serves, and stops later than the service', () => {
    const deployment = manifests().get('Deployment');
    const { spec } = deployment.spec.template;
    const [container] = spec.containers;
    expect(container.envFrom).toEqual([{ configMapRef: { name: 'rollcall' } }, { secretRef: { name: 'rollcall' } }]);
    expect(container.livenessProbe.httpGet).toEqual({ path: '/healthz', port: 'http' });
    expect(container.readinessProbe.httpGet).toEqual({ path: '/readyz', port: 'http' });
    // A readiness answer takes two seconds at most.
    expect(container.readinessProbe.timeoutSeconds).toBeGreaterThan(2);

    const [, stopMs = ''] = /stopTimeoutMs = ([\d_]+)/.exec(readFileSync('src/main.ts', 'utf8')) ?? [];
    const preStop = Number(container.lifecycle.preStop.exec.command[1]);
    const stop = Number(stopMs.replaceAll('_', '')) / 1_000;
    expect(stop).toBeGreaterThan(0);
    expect(spec.terminationGracePeriodSeconds).toBeGreaterThan(preStop + stop);
    expect(spec.topologySpreadConstraints[0].labelSelector).toEqual(deployment.spec.selector);
    expect(deployment.spec.strategy.rollingUpdate).toEqual({ maxUnavailable: 0, maxSurge: 1 });
  });

  test('reads values as YAML and Helm do: switches are booleans, numbers are fractions', () => {
    const lines = [
      'GRAPHIQL: on',
      'CONSOLE: off',
      'FEDERATION: "on"',
      'SLACK_CLIENT_ID: 1234567890',
      'RATE_LIMIT: 1000000',
    ];
    const { data } = manifests(stringify(needed).replace('config:', ['config:', ...lines].join('\n  '))).get(
      'ConfigMap',
    );
    expect(data).toMatchObject({
      GRAPHIQL: 'on',
      CONSOLE: 'off',
      FEDERATION: 'on',
      SLACK_CLIENT_ID: '1234567890',
      RATE_LIMIT: '1000000',
    });
  });

  test('asks for a volume where files are in a folder', () => {
    const local = { config: { ...needed.config, STORAGE_URL: 'file:/data/files' } };
    expect(() => render(stringify(local))).toThrow(/filesClaim/);
    const { spec } = manifests({ ...local, filesClaim: 'files' }).get('Deployment').spec.template;
    expect(spec.volumes).toContainEqual({ name: 'files', persistentVolumeClaim: { claimName: 'files' } });
    expect(spec.containers[0].volumeMounts).toContainEqual({ name: 'files', mountPath: '/data' });
  });

  test('renders every option', () => {
    const found = manifests({
      ...needed,
      autoscaling: { enabled: true, maxReplicas: 9 },
      ingress: { enabled: true, className: 'nginx', host: 'r.example.com', tlsSecretName: 'tls' },
      networkPolicy: { enabled: true, from: [{ podSelector: {} }] },
      env: [{ name: 'AWS_REGION', value: 'eu-central-1' }],
      volumes: [{ name: 'documents', configMap: { name: 'documents' } }],
      volumeMounts: [{ name: 'documents', mountPath: '/documents' }],
      imagePullSecrets: [{ name: 'pull' }],
      nodeSelector: { disk: 'ssd' },
      tolerations: [{ key: 'a', operator: 'Exists' }],
      affinity: { nodeAffinity: {} },
      podAnnotations: { a: 'b' },
    });
    // An autoscaler and a number of replicas would fight.
    expect(found.get('Deployment').spec.replicas).toBeUndefined();
    expect(found.get('HorizontalPodAutoscaler').spec).toMatchObject({ minReplicas: 2, maxReplicas: 9 });
    const [{ http, host }] = found.get('Ingress').spec.rules;
    expect(host).toBe('r.example.com');
    expect(http.paths.map(({ path, backend }: Manifest) => [path, backend.service.name])).toEqual([
      ['/metrics', 'rollcall-nobody'],
      ['/', 'rollcall'],
    ]);
    expect(found.get('NetworkPolicy').spec.ingress[0].from).toEqual([{ podSelector: {} }]);
    for (const kind of ['Deployment', 'Job']) {
      const { spec } = found.get(kind).spec.template;
      expect(spec).toMatchObject({
        imagePullSecrets: [{ name: 'pull' }],
        nodeSelector: { disk: 'ssd' },
        tolerations: [{ key: 'a', operator: 'Exists' }],
        affinity: { nodeAffinity: {} },
      });
      expect(spec.containers[0].env).toContainEqual({ name: 'AWS_REGION', value: 'eu-central-1' });
      expect(spec.containers[0].volumeMounts).toContainEqual({ name: 'documents', mountPath: '/documents' });
      expect(spec.volumes).toContainEqual({ name: 'documents', configMap: { name: 'documents' } });
    }
  });
});
