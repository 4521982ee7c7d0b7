// What manifest.yml, Procfile and the example app say of each other.

import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { parse, parseAllDocuments } from 'yaml';
import type { Config } from '../../src/config/config.ts';
import { readConfig } from '../../src/config/read.ts';
import { ROOT, readManifest } from './manifest.ts';

/** The least the daemon takes besides its cache: see docs/cloud-foundry.md. */
const BESIDE_THE_CACHE_MIB = 80;

const test = suite('manifest');
const { app, sidecar } = readManifest();

test("the sidecar's memory is part of the app's, and leaves the app at least as much", () => {
  assert.ok(mib(sidecar.memory) * 2 <= mib(app.memory));
});

test("the sidecar's memory leaves the cache at least 32 MiB", () => {
  assert.ok((mib(sidecar.memory) - BESIDE_THE_CACHE_MIB) / 1.15 >= 32);
});

test('the sidecar belongs to the web process, and its command fits the platform (4096 characters)', () => {
  assert.equal(sidecar.process_types, ['web']);
  assert.ok(sidecar.command.length < 4096);
});

test('the health check is HTTP: a port check would ask for the fleet port, too', () => {
  assert.is(app['health-check-type'], 'http');
  assert.match(app['health-check-http-endpoint'], /^\//);
});

test('what is there to run the daemon for good starts it with the same options of Node', () => {
  const options = {
    'manifest.yml': /node (.*)sidecache\.js serve/,
    'docs/cloud-foundry.md': /node (.*)sidecache\.js serve/,
    Procfile: /node (.*)dist\/sidecache\.js serve/,
    'scripts/start': /exec node (.*)"\$root\/dist\/sidecache\.js" serve/,
    'docs/kubernetes.md': /ENTRYPOINT \["node", "(.*)", "\/sidecache\.js"\]/,
  };
  for (const [file, pattern] of Object.entries(options)) {
    const [, said] = pattern.exec(readFileSync(join(ROOT, file), 'utf8')) ?? [];
    assert.is(said?.trim(), '--single-threaded-gc', file);
  }
});

test("the app starts the same by the manifest and by npm, on the buildpack's Node versions", () => {
  const { scripts, engines } = JSON.parse(readFileSync(join(ROOT, app.path, 'package.json'), 'utf8'));
  assert.is(scripts.start, app.command);
  assert.is(engines.node, '22.x || 24.x');
});

test('with the variables of `cf push` the example is a fleet behind the router, without a warning', async () => {
  const variables: Record<string, string> = {
    fleet_token: 'token-of-the-example',
    fleet_url: 'https://my-cache.example.com',
  };
  const named: string[] = [];
  const set = Object.entries(app.env).map(([name, value]) => {
    const text = value.replaceAll(/\(\((\w+)\)\)/g, (_, variable: string) => {
      named.push(variable);
      return variables[variable] ?? '';
    });
    return [name, text];
  });
  assert.equal(named.sort(), Object.keys(variables));
  const { config, warnings } = await readAs({
    ...Object.fromEntries(set),
    SIDECACHE_CONFIG: join(ROOT, app.path, 'sidecache.yml'),
    PORT: '8080',
    CF_INSTANCE_INDEX: '0',
    VCAP_APPLICATION: JSON.stringify({ application_id: 'a1b2', application_name: app.name }),
  });
  assert.equal(warnings, []);
  assert.equal(config.fleet?.listen, { host: '0.0.0.0', port: 7071 });
  assert.equal(config.fleet?.peers?.by, 'gorouter');
  assert.equal(config.fleet?.tokens, ['token-of-the-example']);
});

test('the example app keeps idle connections longer than the router, which keeps them for 90 s', () => {
  const server = readFileSync(join(ROOT, app.path, 'server.js'), 'utf8');
  const [, timeoutMs] = /^server\.keepAliveTimeout = ([\d_]+);$/m.exec(server) ?? [];
  assert.ok(Number(timeoutMs?.replaceAll('_', '')) > 90_000);
});

test('every file that the Procfile starts is there, or is what the build makes', () => {
  const lines = readFileSync(join(ROOT, 'Procfile'), 'utf8').trim().split('\n');
  assert.equal(
    lines.map((line) => line.split(':')[0]),
    ['web', 'cache'],
  );
  const files = lines.flatMap((line) => line.match(/\S+\.(js|yml)\b/g) ?? []);
  assert.is(files.length, 3);
  for (const file of files) assert.ok(file === 'dist/sidecache.js' || existsSync(join(ROOT, file)), file);
});

test('docs/cloud-foundry.md explains the commands that stand in the manifest, word for word', () => {
  const docs = readFileSync(join(ROOT, 'docs/cloud-foundry.md'), 'utf8');
  assert.ok(docs.includes(`\`\`\`bash\n${sidecar.command}\`\`\``));
  assert.ok(docs.includes(`\`command: ${app.command}\``));
});

test('docs/kubernetes.md shows manifests that parse, and a daemon and an app that share one socket', () => {
  const docs = readFileSync(join(ROOT, 'docs/kubernetes.md'), 'utf8');
  const [, yaml] = /```yaml\n([\s\S]*?)```/.exec(docs) ?? [];
  const documents = parseAllDocuments(yaml!).map((one) => {
    assert.equal(one.errors, []);
    return one.toJS();
  });
  const { initContainers, containers } = documents.find((one) => one.kind === 'Pod').spec;
  const socketOf = (container: { env: { name: string; value: string }[] }): string | undefined =>
    container.env.find((one) => one.name === 'SIDECACHE_SOCKET')?.value;
  assert.type(socketOf(containers[0]), 'string');
  assert.is(socketOf(initContainers[0]), socketOf(containers[0]));
});

test('docs/kubernetes.md makes a fleet of a StatefulSet: its variables are a configuration, its names agree', async () => {
  const docs = readFileSync(join(ROOT, 'docs/kubernetes.md'), 'utf8');
  const [, yaml] = /```yaml\n([^`]*StatefulSet[\s\S]*?)```/.exec(docs) ?? [];
  const documents = parseAllDocuments(yaml!).map((one) => {
    assert.equal(one.errors, []);
    return one.toJS();
  });
  const ofKind = (kind: string) => documents.find((one) => one.kind === kind);
  const [set, service, policy, secret] = ['StatefulSet', 'Service', 'NetworkPolicy', 'Secret'].map(ofKind);
  const { initContainers, containers, volumes } = set.spec.template.spec;
  const [daemon] = initContainers as { env: Variable[]; volumeMounts: { name: string }[] }[];
  const resolved = ({ value, valueFrom }: Variable): string =>
    value ?? secret.stringData[valueFrom?.secretKeyRef?.key ?? ''] ?? 'from-the-pod';
  const folder = mkdtempSync(join(tmpdir(), 'kubernetes-docs-'));
  const file = join(folder, 'sidecache.yml');
  const [, configMap] = /```yaml\n([\s\S]*?)\n---/.exec(docs) ?? [];
  writeFileSync(file, parse(configMap!).data['sidecache.yml']);
  const { config, warnings } = await readAs({
    ...Object.fromEntries(daemon!.env.map((variable) => [variable.name, resolved(variable)])),
    SIDECACHE_CONFIG: file,
    SIDECACHE_INDEX: '0',
  });
  rmSync(folder, { recursive: true });
  assert.equal(warnings, []);
  assert.is(config.fleet?.operators.length, 1);
  assert.ok(config.fleet?.open.includes('readyz'), 'the startup probe has no credentials');
  assert.is(config.socketMode, 0o660);
  assert.is(
    volumes.find(({ configMap }: { configMap?: { name: string } }) => configMap).configMap.name,
    parse(configMap!).metadata.name,
  );
  const mounted = [daemon!, ...containers].flatMap(({ volumeMounts }) => volumeMounts);
  for (const { name } of mounted) assert.ok(volumes.some((volume: { name: string }) => volume.name === name));
  const { peers, listen } = config.fleet!;
  const url = peers?.by === 'address' ? peers.url : '';
  const host = `${set.metadata.name}-{index}.${service.metadata.name}.default.svc.cluster.local`;
  assert.is(url, `http://${host}:${listen.port}`);
  assert.is(set.spec.serviceName, service.metadata.name);
  assert.is(service.spec.publishNotReadyAddresses, true, 'an app that is not ready has a cache all the same');
  for (const { spec } of [service, { spec: policy.spec.podSelector.matchLabels }])
    assert.equal(spec.selector ?? spec, set.spec.template.metadata.labels);
  assert.is(policy.spec.ingress[0].ports[0].port, listen.port);
});

test('the example in docs/fleet.md is a configuration, without a warning', async () => {
  const docs = readFileSync(join(ROOT, 'docs/fleet.md'), 'utf8');
  const [, yaml] = /```yaml\n([\s\S]*?)```/.exec(docs) ?? [];
  const folder = mkdtempSync(join(tmpdir(), 'fleet-docs-'));
  const file = join(folder, 'sidecache.yml');
  writeFileSync(file, yaml!);
  const { config, warnings } = await readAs({
    SIDECACHE_CONFIG: file,
    FLEET_TOKEN: 'token-of-the-fleet',
    OPERATOR_TOKEN: 'token-of-an-operator',
    VCAP_APPLICATION: JSON.stringify({ application_id: 'a1b2' }),
  });
  rmSync(folder, { recursive: true });
  assert.equal(warnings, []);
  assert.is(config.fleet?.operators.length, 1);
});

interface Variable {
  readonly name: string;
  readonly value?: string;
  readonly valueFrom?: { readonly secretKeyRef?: { readonly key: string } };
}

async function readAs(env: Record<string, string>): Promise<{ config: Config; warnings: readonly string[] }> {
  return readConfig({ argvFlags: {}, env });
}

function mib(size: string): number {
  const [, number, unit] = /^(\d+)(M|G)$/.exec(size) ?? [];
  assert.ok(number, `${size} is not a size`);
  return Number(number) * (unit === 'G' ? 1024 : 1);
}

test.run();
