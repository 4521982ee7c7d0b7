// What the caches of a configuration may hold.

import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { buildCaches } from '../src/build-caches.ts';
import { ConfigError } from '../src/errors.ts';
import { Log } from '../src/log.ts';
import { load } from './config/loading.ts';

const test = suite('caches of a configuration');

function sharesOf(caches: string): Record<string, number | undefined> {
  const fleet = `fleet: { listen: '127.0.0.1:0', token: [${'t'.repeat(32)}], peers: { list: ['http://127.0.0.1:1'] } }`;
  const { config } = load({ file: `memory: 16M\n${fleet}\ncaches: ${caches}` });
  const built = buildCaches(config, new Log(() => {}, 'error'));
  try {
    return Object.fromEntries(built.all.map(({ name, shelf }) => [name, shelf.stored.shareBytes]));
  } finally {
    built.close();
  }
}

test('replicated caches leave a quarter of the memory to messages, unless they have one of their own', () => {
  assert.equal(sharesOf('{ a: { mode: replicated } }').a, 12 << 20);
  assert.equal(sharesOf('{ a: { mode: replicated }, b: { mode: replicated } }'), {
    a: 6 << 20,
    b: 6 << 20,
    default: undefined,
  });
  const { a, b } = sharesOf('{ a: { mode: replicated, memory: 8M }, b: { mode: replicated } }');
  assert.equal([a, b], [8 << 20, 6 << 20]);
});

test('memory that the system does not reserve is a mistake of the configuration, and is named', () => {
  const { config } = load({ file: 'memory: 16M' });
  const more = { ...config, memoryBytes: 2 ** 45 };
  assert.throws(
    () => buildCaches(more, new Log(() => {}, 'error')),
    (error: unknown) => error instanceof ConfigError && /^memory: .* 32T,.*; set less/.test(error.message),
  );
});

test.run();
