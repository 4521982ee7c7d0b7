// What manifest.yml, Procfile and the example app say of each other.

import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { parseAllDocuments } from 'yaml';
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

test("the app starts the same by the manifest and by npm, on the buildpack's Node versions", () => {
  const { scripts, engines } = JSON.parse(readFileSync(join(ROOT, app.path, 'package.json'), 'utf8'));
  assert.is(scripts.start, app.command);
  assert.is(engines.node, '22.x || 24.x');
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

function mib(size: string): number {
  const [, number, unit] = /^(\d+)(M|G)$/.exec(size) ?? [];
  assert.ok(number, `${size} is not a size`);
  return Number(number) * (unit === 'G' ? 1024 : 1);
}

test.run();
