import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:https';
import type { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { ConfigError } from '../../src/errors.ts';
import { selfSigned } from './certificate.ts';
import { failureOf, load, loaderFor, loadText } from './loading.ts';
import { startRawOrigin } from './origin.ts';

const test = suite('tls');

interface SecureOrigin {
  url: string;
  caFile: string;
  connections: Socket[];
  close(): Promise<void>;
}

/** An https origin on 127.0.0.1 whose certificate says `host`. */
async function startSecureOrigin(host: string): Promise<SecureOrigin> {
  const { keyPem, certPem } = selfSigned(host);
  const folder = mkdtempSync(join(tmpdir(), 'sidecache-'));
  const caFile = join(folder, 'ca.pem');
  writeFileSync(caFile, certPem);
  const connections: Socket[] = [];
  const server = createServer({ key: keyPem, cert: certPem }, (request, response) =>
    response.end(request.url),
  );
  server.on('secureConnection', (socket) => connections.push(socket));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return {
    url: `https://127.0.0.1:${address.port}`,
    caFile,
    connections,
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
      rmSync(folder, { recursive: true });
    },
  };
}

test('an origin whose certificate the CA file vouches for is loaded from, on one connection', async () => {
  const origin = await startSecureOrigin('127.0.0.1');
  const loader = loaderFor(`${origin.url}/{key}`, { caFile: origin.caFile });
  assert.is(await loadText(loader, 'a'), '/a');
  assert.is(await loadText(loader, 'b'), '/b');
  assert.is(origin.connections.length, 1);
  loader.close();
  await origin.close();
});

test('an origin that nobody vouches for is refused, in words, and not asked again', async () => {
  const origin = await startSecureOrigin('127.0.0.1');
  const loader = loaderFor(`${origin.url}/{key}`, { retries: 5 });
  const error = await failureOf(load(loader, 'private-key'));
  assert.is(
    error.message,
    `${origin.url} has a certificate that is not trusted (DEPTH_ZERO_SELF_SIGNED_CERT)`,
  );
  assert.is(error.unreachable, false);
  loader.close();
  await origin.close();
});

test('a certificate for another host is refused', async () => {
  const origin = await startSecureOrigin('127.0.0.9');
  const loader = loaderFor(`${origin.url}/{key}`, { caFile: origin.caFile });
  const error = await failureOf(load(loader, 'k'));
  assert.is(
    error.message,
    `${origin.url} has a certificate that is not trusted (ERR_TLS_CERT_ALTNAME_INVALID)`,
  );
  loader.close();
  await origin.close();
});

test('an origin that does not speak TLS is told by that', async () => {
  const origin = await startRawOrigin(() => undefined, 'HTTP/1.1 400 Bad Request\r\n\r\n');
  const loader = loaderFor(`https://127.0.0.1:${origin.port}/{key}`);
  const error = await failureOf(load(loader, 'k'));
  assert.match(error.message, /^https:\/\/127\.0\.0\.1:\d+ does not speak TLS as expected \(/);
  loader.close();
  await origin.close();
});

test('an origin that never greets back ends with the time-out', async () => {
  const origin = await startRawOrigin(() => undefined);
  const loader = loaderFor(`https://127.0.0.1:${origin.port}/{key}`, { timeoutMs: 150 });
  const error = await failureOf(load(loader, 'k'));
  assert.is(error.code, 'load_timeout');
  await origin.allClosed();
  loader.close();
  await origin.close();
});

function withCaFile(content: string, body: (caFile: string) => unknown): () => Promise<void> {
  return async () => {
    const folder = mkdtempSync(join(tmpdir(), 'sidecache-'));
    const caFile = join(folder, 'ca.pem');
    writeFileSync(caFile, content);
    try {
      await body(caFile);
    } finally {
      rmSync(folder, { recursive: true });
    }
  };
}

test(
  'a CA file without a certificate is an error at the start, naming it',
  withCaFile('nothing of the kind', (caFile) => {
    const make = (): unknown => loaderFor('https://127.0.0.1:1/{key}', { caFile });
    assert.throws(make, (error: unknown) => error instanceof ConfigError && error.message.includes(caFile));
  }),
);

test(
  'a CA file with a broken certificate fails each load, and nothing else',
  withCaFile('-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n', async (caFile) => {
    const loader = loaderFor('https://127.0.0.1:1/{key}', { caFile });
    for (const key of ['a', 'b']) assert.match((await failureOf(load(loader, key))).message, 'CA file');
    loader.close();
  }),
);

test('neither TLS nor node-fetch is in memory before a load needs it', () => {
  const program = `
    import { createHttpLoader } from ${JSON.stringify(new URL('../../src/load/http.ts', import.meta.url).href)};
    const config = { url: 'https://127.0.0.1:1/{key}', timeoutMs: 1, retries: 0, concurrency: 1, headers: {} };
    createHttpLoader(config, {});
    const loaded = process.moduleLoadList.filter((name) => /NativeModule (_tls_wrap|https|stream\\/web|zlib)$/.test(name));
    console.log(JSON.stringify(loaded));
  `;
  const bare = `
    import 'node:http'; import 'node:fs'; import 'node:net'; import 'node:events'; import 'node:stream';
    const loaded = process.moduleLoadList.filter((name) => /NativeModule (_tls_wrap|https|stream\\/web|zlib)$/.test(name));
    console.log(JSON.stringify(loaded));
  `;
  assert.is(outputOf(program), outputOf(bare));
});

function outputOf(program: string): string {
  return execFileSync(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', program], {
    encoding: 'utf8',
  });
}

test.run();
