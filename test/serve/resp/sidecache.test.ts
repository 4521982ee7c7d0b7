// sidecache's own commands over RESP.

import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { whyUnknown } from '../../../src/serve/resp/other-types.ts';
import { CommandLab } from './command-lab.ts';
import type { Said } from './reply-value.ts';

const sidecache = suite('sidecache verbs');

function filled(): CommandLab {
  const lab = new CommandLab();
  lab.say('SIDECACHE.FILL', 'a1', 'v', 'TAG', 'x');
  lab.say('SIDECACHE.FILL', 'a2', 'v', 'TAG', 'x', 'y');
  lab.say('SIDECACHE.FILL', 'b1', 'v');
  lab.say('SIDECACHE.FILL', 'users:a1', 'v', 'TAG', 'x');
  return lab;
}

const left = (lab: CommandLab): string[] => (lab.say('KEYS', '*') as string[]).sort();
const applied = (entries: number): Said => ['applied', 1, 'members', 1, 'entries', entries];

sidecache('INVALIDATE drops the cache, or its entries by key, tag and prefix together', async () => {
  const lab = filled();
  assert.equal(await lab.saying('SIDECACHE.INVALIDATE', 'default', 'TAG', 'y'), applied(1));
  assert.equal(left(lab), ['a1', 'b1', 'users:a1']);
  assert.equal(
    await lab.saying('SIDECACHE.INVALIDATE', 'default', 'KEY', 'a1', 'none', 'PREFIX', 'b'),
    applied(2),
  );
  assert.equal(left(lab), ['users:a1']);
  assert.equal(await lab.saying('SIDECACHE.INVALIDATE', 'users', 'REQUIRE', 'ALL'), applied(1));
  assert.equal(left(lab), []);
  lab.end();
});

sidecache('all stands for every cache', async () => {
  const lab = filled();
  assert.equal(await lab.saying('SIDECACHE.INVALIDATE', 'all', 'tag', 'x'), applied(3));
  assert.equal(left(lab), ['b1']);
  assert.equal(await lab.saying('SIDECACHE.INVALIDATE', 'all'), applied(1));
  lab.end();
});

sidecache('a key that reads like an option is named right after KEY', async () => {
  const lab = new CommandLab();
  lab.say('MSET', 'TAG', '1', 'REQUIRE', '1', 'all', '1', 'k', '1');
  const said = lab.saying(
    'SIDECACHE.INVALIDATE',
    'default',
    'KEY',
    'TAG',
    'KEY',
    'REQUIRE',
    'REQUIRE',
    'ALL',
  );
  assert.equal(await said, applied(2));
  assert.equal(left(lab), ['all', 'k']);
  lab.end();
});

sidecache('what is wrong is named, and nothing is dropped', () => {
  const lab = filled();
  const before = left(lab);
  for (const [words, error] of [
    [['none'], /^-ERR unknown cache 'none'; caches here: default, users, short, idle, or all$/],
    [['default', 'KEY'], /KEY is followed by what it names/],
    [['default', 'KEY', ''], /KEY is empty/],
    [['default', 'TAG', 'a b'], /a tag has 1 to 256 bytes/],
    [['default', 'FOO'], /'FOO' is none of KEY, TAG, PREFIX, REQUIRE/],
    [['default', 'REQUIRE', 'SOME'], /REQUIRE is followed by ALL/],
    [['default', 'REQUIRE'], /REQUIRE is followed by ALL/],
    [['default', 'TIMEOUT', '5'], /timeout is a time such as/],
    [['default', 'TIMEOUT'], /timeout is a time such as/],
  ] as const) {
    assert.match(String(lab.say('SIDECACHE.INVALIDATE', ...words)), error);
  }
  assert.equal(left(lab), before);
  lab.end();
});

sidecache('REFRESH keeps serving what is there until it is loaded anew', async () => {
  const lab = filled();
  const said = lab.saying('SIDECACHE.REFRESH', 'users', 'WAIT', 'LOADED');
  assert.is(lab.say('GET', 'users:a1'), 'v');
  lab.loader.last.answer('new');
  assert.equal(await said, applied(1));
  assert.is(lab.say('GET', 'users:a1'), 'new');
  lab.end();
});

sidecache('FILL stores with type, tags and end, and tells nobody', () => {
  const lab = new CommandLab();
  assert.is(lab.say('SIDECACHE.FILL', 'users:1', 'v', 'PX', '5000', 'TYPE', 'text/plain', 'TAG', 'x'), 'OK');
  assert.is(lab.say('PTTL', 'users:1'), 5000);
  const { shelf } = lab.cache('users');
  const slot = shelf.peek(Buffer.from('1'));
  assert.is(lab.store.contentType(slot), 'text/plain');
  assert.equal(lab.store.tags(slot), ['x']);
  lab.clock.advance(100);
  assert.equal(lab.told, []);
  for (const [words, error] of [
    [['EX'], '-ERR syntax error'],
    [['FOO', '1'], '-ERR syntax error'],
    [['EX', 'x'], '-ERR value is not an integer or out of range'],
    [['EX', '0'], "-ERR invalid expire time in 'sidecache.fill' command"],
    [['TAG', 'a b'], '-ERR a tag has 1 to 256 bytes, all of them 0x21 to 0x7E'],
    [['TYPE', 'a\n'], '-ERR a content type has at most 255 bytes, all of them 0x20 to 0x7E'],
  ] as const) {
    assert.is(lab.say('SIDECACHE.FILL', 'k', 'v', ...words), error);
  }
  lab.end();
});

sidecache('SETTAGS gives an entry other tags', async () => {
  const lab = filled();
  assert.is(lab.say('SIDECACHE.SETTAGS', 'a1', 'z', 'z'), 1);
  assert.is(lab.say('SIDECACHE.SETTAGS', 'a2'), 1);
  assert.is(lab.say('SIDECACHE.SETTAGS', 'none', 'z'), 0);
  assert.equal(await lab.saying('SIDECACHE.INVALIDATE', 'default', 'TAG', 'x', 'y'), applied(0));
  assert.equal(await lab.saying('SIDECACHE.INVALIDATE', 'default', 'TAG', 'z'), applied(1));
  const tooMany = Array.from({ length: 65 }, (_, i) => `t${i}`);
  assert.is(lab.say('SIDECACHE.SETTAGS', 'a2', ...tooMany), '-ERR an entry has at most 64 tags');
  lab.end();
});

sidecache('EXPLAIN says what is known of an entry, without reading it', async () => {
  const lab = new CommandLab();
  const facts = (key: string): Record<string, Said> => {
    const said = lab.say('SIDECACHE.EXPLAIN', key) as Said[];
    return Object.fromEntries(said.flatMap((fact, i) => (i % 2 === 0 ? [[String(fact), said[i + 1]!]] : [])));
  };
  assert.equal(facts('users:1'), { cache: 'users', key: '1', state: 'absent' });
  lab.say('SIDECACHE.FILL', 'idle:1', 'abc', 'EX', '100', 'TAG', 'x');
  lab.clock.advance(1000);
  const { etag, version, ...rest } = facts('idle:1');
  assert.type(etag, 'string');
  assert.type(version, 'number');
  assert.equal(rest, {
    ...{ cache: 'idle', key: '1', state: 'fresh', size_bytes: 3, content_type: 'application/octet-stream' },
    ...{ tags: ['x'], age_ms: 1000, idle_ms: 1000, fresh_for_ms: null },
    ...{ expires_in_ms: 59_000, dies_in_ms: 99_000, loading: 0 },
  });
  const said = lab.saying('GET', 'users:1');
  lab.loader.last.fail();
  await said;
  const failed = facts('users:1');
  assert.is(failed.state, 'absent');
  assert.is(failed.failures, 1);
  assert.is(failed.breaker, 'closed');
  lab.end();
});

sidecache('commands of other types are unknown, and it is said why', () => {
  assert.is(whyUnknown('hset'), ' (sidecache holds strings only)');
  assert.is(whyUnknown('LPUSH'), ' (sidecache holds strings only)');
  assert.is(whyUnknown('NOSUCH'), '');
  const lab = new CommandLab();
  assert.match(String(lab.say('HSET', 'k', 'f', 'v')), /^-ERR unknown command 'HSET'/);
  lab.end();
});

sidecache.run();
