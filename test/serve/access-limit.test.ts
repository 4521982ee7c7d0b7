// Guessing credentials is slow, and locks nobody out who has them.

import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { Access } from '../../src/serve/access/access.ts';
import { FAILURES_A_SECOND } from '../../src/serve/access/failure-limit.ts';
import { FakeClock } from '../cache/fake-clock.ts';

const test = suite('limit of failures');

const TOKEN = 'a-token-of-an-operator';
const LONG = 'correct horse battery staple';
const SHORT = 'hunter2';

const basic = (text: string): string => `Basic ${Buffer.from(text).toString('base64')}`;

class Lab {
  readonly clock = new FakeClock();
  readonly access = new Access({
    operators: [{ token: TOKEN }, { user: 'ada', password: LONG }, { user: 'bob', password: SHORT }],
    tokens: [],
    allow: ['metrics'],
    open: ['healthz'],
    insecure: false,
    clock: this.clock,
  });

  /** The status, 200 for allowed. */
  try(authorization: string | undefined, url = '/metrics'): number {
    const headers = authorization === undefined ? {} : { authorization };
    const rawHeaders = authorization === undefined ? [] : ['Authorization', authorization];
    const verdict = this.access.check({ method: 'GET', url, headers, rawHeaders });
    return verdict.allowed ? 200 : verdict.status;
  }

  /** How many of `count` guesses had each status. */
  guess(count: number): { [status: number]: number } {
    const found: { [status: number]: number } = {};
    for (let i = 0; i < count; i++) {
      const status = this.try(i % 2 === 0 ? `Bearer guess-${i}` : basic(`bob:${i}`));
      found[status] = (found[status] ?? 0) + 1;
    }
    return found;
  }
}

test('beyond some a second wrong credentials are 429, and a second later as many are taken again', () => {
  const lab = new Lab();
  assert.equal(lab.guess(100), { 401: FAILURES_A_SECOND, 429: 100 - FAILURES_A_SECOND });
  lab.clock.advance(1000);
  assert.equal(lab.guess(100), { 401: FAILURES_A_SECOND, 429: 100 - FAILURES_A_SECOND });
  lab.clock.advance(1000 / FAILURES_A_SECOND);
  assert.equal(lab.guess(100), { 401: 1, 429: 99 });
});

test('a pause does not save up guesses', () => {
  const lab = new Lab();
  lab.guess(100);
  lab.clock.advance(86_400_000);
  assert.equal(lab.guess(100), { 401: FAILURES_A_SECOND, 429: 100 - FAILURES_A_SECOND });
});

test('429 says when to try again', () => {
  const lab = new Lab();
  lab.guess(100);
  const rawHeaders = ['Authorization', 'Bearer x'];
  const verdict = lab.access.check({
    method: 'GET',
    url: '/',
    headers: { authorization: 'Bearer x' },
    rawHeaders,
  });
  assert.is(verdict.allowed, false);
  if (!verdict.allowed) assert.is(verdict.error.retryAfterMs, 1000);
});

test('during an attack whoever has a token or a long password gets through', () => {
  const lab = new Lab();
  for (let i = 0; i < 100; i++) {
    lab.guess(100);
    assert.is(lab.try(`Bearer ${TOKEN}`), 200);
    assert.is(lab.try(basic(`ada:${LONG}`)), 200);
    lab.clock.advance(7);
  }
});

test('a password short enough to be guessed is not found while the limit is reached', () => {
  const lab = new Lab();
  lab.guess(100);
  assert.is(lab.try(basic(`bob:${SHORT}`)), 429);
  lab.clock.advance(1000);
  assert.is(lab.try(basic(`bob:${SHORT}`)), 200);
});

test('guessing a short password takes as long as the limit says, however fast the guesses come', () => {
  const lab = new Lab();
  const guesses = 100;
  let ms = 0;
  for (let i = 0; i < guesses; ms++, lab.clock.advance(1)) if (lab.try(basic(`bob:${i}`)) === 401) i++;
  assert.ok(ms >= ((guesses - FAILURES_A_SECOND) / FAILURES_A_SECOND) * 1000 - 1, `${ms} ms`);
});

test('right credentials use up nothing', () => {
  const lab = new Lab();
  for (let i = 0; i < 1000; i++) assert.is(lab.try(basic(`bob:${SHORT}`)), 200);
});

test('every wrong credential is counted, those beyond the limit too; a request without any is not', () => {
  const lab = new Lab();
  for (let i = 0; i < 100; i++) assert.is(lab.try(undefined), 401);
  assert.is(lab.access.failures, 0);
  lab.guess(100);
  lab.try(`Bearer ${TOKEN}`);
  assert.is(lab.access.failures, 100);
});

test('what is open is answered during an attack, and tells nothing of the credentials sent with it', () => {
  const lab = new Lab();
  lab.guess(100);
  for (const authorization of [undefined, 'Bearer wrong', `Bearer ${TOKEN}`]) {
    assert.is(lab.try(authorization, '/healthz'), 200);
  }
  assert.is(lab.access.failures, 100);
});

test.run();
