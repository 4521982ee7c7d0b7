// How an API is connected to: TLS that is verified unless told otherwise, and proxies.

import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { ConfigError } from '../../src/errors.ts';
import { selfSigned } from '../load/certificate.ts';
import { apiFor, failureOf, never } from './api-lab.ts';
import { FakeCloud } from './fake/fake-cloud.ts';
import { startProxy } from './proxy.ts';

const test = suite('connections');
const { keyPem: key, certPem: cert } = selfSigned('127.0.0.1');
const tls = { key, cert };
const folder = mkdtempSync(join(tmpdir(), 'sidecache-'));
const caFile = join(folder, 'ca.pem');

let plain: FakeCloud;
let secure: FakeCloud;

test.before(async () => {
  writeFileSync(caFile, cert);
  plain = await FakeCloud.start();
  secure = await FakeCloud.start({ tls });
  for (const cloud of [plain, secure]) cloud.seed({ organizations: 25, spaces: 0, applications: 0 });
});

test.after(async () => {
  await Promise.all([plain.close(), secure.close()]);
  rmSync(folder, { recursive: true });
});

type Settings = Parameters<typeof apiFor>[1];

async function countOf(cloud: FakeCloud, settings: Settings): Promise<number> {
  const { api } = apiFor(cloud.url, { pageSize: 10, ...settings });
  try {
    return (await api.organizations(undefined, never)).length;
  } finally {
    api.close();
  }
}

test('row 79: a self-signed certificate is refused, in words, once, and not asked again', async () => {
  const { api, lines } = apiFor(secure.url);
  const error = await failureOf(api.organizations(undefined, never));
  await failureOf(api.organizations(undefined, never));
  assert.is(
    error.message,
    `${secure.url} has a certificate that is not trusted (DEPTH_ZERO_SELF_SIGNED_CERT)`,
  );
  assert.equal(
    lines.map(({ level, api, kind }) => [level, api, kind]),
    [['warn', 'default', 'tls']],
  );
  assert.equal(Object.fromEntries(api.facts.errors), { tls: 2 });
  assert.is(secure.requests.length, 0);
  api.close();
});

test('row 79: it is taken where the CA file vouches for it, or nothing is to be verified', async () => {
  assert.is(await countOf(secure, { caFile }), 25);
  assert.is(await countOf(secure, { verifyTls: false }), 25);
});

test('row 79: a CA file that cannot be read, or holds none, is an error at the start that names it', () => {
  const none = join(folder, 'none.pem');
  const empty = join(folder, 'empty.pem');
  writeFileSync(empty, 'nothing');
  for (const file of [none, empty]) {
    assert.throws(
      () => apiFor(secure.url, { caFile: file }),
      (error: unknown) => error instanceof ConfigError && error.message.includes(file),
    );
  }
});

test('a CA file with a broken certificate fails each call, and nothing else', async () => {
  const broken = join(folder, 'broken.pem');
  writeFileSync(broken, '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n');
  const { api } = apiFor(secure.url, { caFile: broken });
  assert.match((await failureOf(api.domains(never))).message, 'no TLS with this CA file');
  api.close();
});

test('connections are kept and used again, no more than requests at one time', async () => {
  const before = secure.connections;
  const { api } = apiFor(secure.url, { caFile, pageSize: 1, concurrency: 3 });
  await api.organizations(undefined, never);
  assert.ok(secure.connections - before <= 3, `${secure.connections - before}`);
  assert.ok(secure.mostConcurrent <= 3, `${secure.mostConcurrent}`);
  api.close();
});

test('row 79: through a proxy, in a tunnel where the API speaks TLS, which is verified all the same', async () => {
  const proxy = await startProxy();
  assert.is(await countOf(secure, { caFile, proxyUrl: proxy.url }), 25);
  assert.ok(proxy.asked.length > 0);
  assert.equal([...new Set(proxy.asked)], [`127.0.0.1:${secure.port}`]);
  assert.is(await countOf(secure, { verifyTls: false, proxyUrl: proxy.url }), 25);
  const { api } = apiFor(secure.url, { proxyUrl: proxy.url });
  assert.match(
    (await failureOf(api.domains(never))).message,
    `${secure.url} (through the proxy ${proxy.url}) has a certificate that is not trusted`,
  );
  api.close();
  await proxy.close();
});

test('row 79: through a proxy, URL by URL where the API does not speak TLS', async () => {
  const proxy = await startProxy();
  const before = plain.requests.length;
  assert.is(await countOf(plain, { proxyUrl: proxy.url }), 25);
  assert.is(proxy.asked.length, plain.requests.length - before);
  for (const url of proxy.asked) assert.ok(url.startsWith(`${plain.url}/`), url);
  await proxy.close();
});

test('row 79: a proxy that speaks TLS itself', async () => {
  const proxy = await startProxy({ tls });
  assert.is(await countOf(secure, { caFile, proxyUrl: proxy.url }), 25);
  const { api } = apiFor(secure.url, { proxyUrl: proxy.url });
  assert.match((await failureOf(api.domains(never))).message, 'certificate that is not trusted');
  api.close();
  await proxy.close();
});

test('row 79: a proxy gets the user and the password that its URL has; without them it is told by its 407', async () => {
  const proxy = await startProxy({ wants: 'me:p@ss%word' });
  const withUser = proxy.url.replace('://', '://me:p%40ss%25word@');
  assert.is(await countOf(secure, { caFile, proxyUrl: withUser }), 25);
  assert.is(await countOf(plain, { proxyUrl: withUser }), 25);
  for (const cloud of [secure, plain]) {
    const { api, lines } = apiFor(cloud.url, {
      caFile,
      proxyUrl: proxy.url.replace('://', '://me:wrong-secret@'),
    });
    const error = await failureOf(api.domains(never));
    assert.is(
      error.message,
      `${cloud.url} (through the proxy ${proxy.url}) cannot be asked: the proxy answered 407 (it does not take the user and the password, or wants them)`,
    );
    assert.equal(Object.fromEntries(api.facts.errors), { proxy_407: 1 });
    assert.not.match(JSON.stringify([lines, error.message, error.cause]), /wrong-secret/);
    api.close();
  }
  await proxy.close();
});

test('a proxy that gives no tunnel is told by what it says', async () => {
  const proxy = await startProxy({ answers: { status: '403 Forbidden' } });
  const { api } = apiFor(secure.url, { caFile, proxyUrl: proxy.url });
  assert.match((await failureOf(api.domains(never))).message, 'the proxy answered 403 (no connection)');
  api.close();
  await proxy.close();
});

test('a proxy that is not there is named, and looked for in place of the API', async () => {
  const proxy = await startProxy();
  await proxy.close();
  const { api } = apiFor(secure.url, { caFile, proxyUrl: proxy.url, tries: 1 });
  const error = await failureOf(api.domains(never));
  assert.is(error.message, `${secure.url} (through the proxy ${proxy.url}) refused the connection`);
  assert.is(error.unreachable, true);
  assert.is(await api.reachable(), false);
  api.close();
});

test('a proxy that never answers ends with the time-out, and its connection with it', async () => {
  const proxy = await startProxy({ answers: { status: undefined } });
  const { api } = apiFor(secure.url, { caFile, proxyUrl: proxy.url, tries: 2, timeoutMs: 1000 });
  const error = await failureOf(api.domains(never));
  assert.is(error.code, 'load_timeout');
  assert.is(proxy.asked.length, 2);
  while (proxy.open > 0) await new Promise(setImmediate);
  api.close();
  await proxy.close();
});

test('no password of a proxy is written where the environment asks its package to be talkative', async () => {
  const proxy = await startProxy();
  const proxyUrl = proxy.url.replace('://', '://me:secret-of-the-proxy@');
  const program = `
    import { proxyAgent } from ${JSON.stringify(new URL('../../src/cloud-controller/proxy-agent.ts', import.meta.url).href)};
    import { Agent } from 'node:https';
    proxyAgent(new URL('${proxyUrl}'), {}, new Agent());
    proxyAgent(new URL('${proxyUrl}'), {}, undefined);
  `;
  const output = execFileSync('sh', ['-c', 'node --import tsx --input-type=module -e "$PROGRAM" 2>&1'], {
    encoding: 'utf8',
    env: { ...process.env, DEBUG: '*', PROGRAM: program },
  });
  assert.match(output, /proxy-agent/);
  assert.not.match(output, /secret-of-the-proxy/);
  await proxy.close();
});

test('neither TLS, node-fetch nor a proxy is in memory before an API is asked', () => {
  const outputOf = (program: string): string =>
    execFileSync(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', program], {
      encoding: 'utf8',
    });
  const list = `console.log(JSON.stringify(process.moduleLoadList.filter((name) =>
    /NativeModule (_tls_wrap|https|stream\\/web|zlib|internal\\/crypto\\/x509)$/.test(name))));`;
  const client = new URL('../../src/cloud-controller/client.ts', import.meta.url).href;
  const settings = { url: 'https://127.0.0.1:1', proxyUrl: 'http://127.0.0.1:2', concurrency: 1 };
  const credentials = { grant: 'refresh_token', refreshToken: 'x' };
  const program = `
    import { createCloudController } from ${JSON.stringify(client)};
    createCloudController(${JSON.stringify({ ...settings, credentials })}, { clock: {} });
    ${list}`;
  const bare = `import 'node:http'; import 'node:fs'; import 'node:net'; import 'node:events'; import 'node:stream'; ${list}`;
  assert.is(outputOf(program), outputOf(bare));
});

test.run();
