// Holds what is warned of in a landscape's configuration, and what is not.

import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { load } from './loading.ts';

const test = suite('landscape warnings');

const warnings = (settings: string, env: Record<string, string> = {}, memory = '64M'): readonly string[] =>
  load({
    file: `preset: cloudfoundry\nmemory: ${memory}\ncloudfoundry: { refresh_token: hush, ${settings} }`,
    env,
  }).warnings;

const HTTPS = 'api: "https://api.h"';

test('what is as by default warns of nothing', () => {
  assert.equal(warnings(HTTPS), []);
  assert.equal(
    warnings(`${HTTPS}, rate: off, own: false`, { VCAP_APPLICATION: '{"application_id":"ab"}' }),
    [],
  );
});

test('an API by http: shows the credentials, but for one on this machine', () => {
  assert.equal(warnings('api: "http://api.h"'), [
    'cloudfoundry.api: is http:, so whoever is on the way can read the credentials',
  ]);
  assert.equal(warnings(`${HTTPS}, apis: [{ name: eu, api: "http://eu", refresh_token: x }]`), [
    'cloudfoundry.apis: API 1: api is http:, so whoever is on the way can read the credentials',
  ]);
  for (const host of ['127.0.0.1:1', 'localhost', '[::1]:1']) {
    assert.equal(warnings(`api: "http://${host}"`), [], host);
  }
});

test('certificates that are not verified are warned of, and a ca besides', () => {
  const blind =
    'is false, so whoever is on the way can take the credentials; ca trusts a certificate of your own';
  assert.equal(warnings(`${HTTPS}, verify_tls: false`), [`cloudfoundry.verify_tls: ${blind}`]);
  assert.equal(warnings(`${HTTPS}, verify_tls: false, ca: /ca.pem`), [
    `cloudfoundry.verify_tls: ${blind}`,
    'cloudfoundry.ca: is of no effect, as verify_tls is false',
  ]);
  const eu = '{ name: eu, api: "https://eu", refresh_token: x, verify_tls: false }';
  assert.equal(warnings(`${HTTPS}, apis: [${eu}]`), [`cloudfoundry.apis: API 1: verify_tls ${blind}`]);
});

test('a variable that names no proxy for HTTP is ignored, and said so once', () => {
  const env = { HTTPS_PROXY: 'socks5://ann:hush@proxy:1' };
  const ignored = 'HTTPS_PROXY: is no http or https URL of a proxy; it is ignored';
  const eu = (proxy: string): string => `apis: [{ name: eu, api: "https://eu", refresh_token: x${proxy} }]`;
  assert.equal(warnings(`${HTTPS}, ${eu('')}`, env), [ignored]);
  assert.equal(warnings(`${HTTPS}, proxy: off, ${eu('')}`, env), [ignored]);
  assert.equal(warnings(`${HTTPS}, proxy: off, ${eu(', proxy: off')}`, env), []);
  assert.equal(warnings(`${HTTPS}, proxy: "http://own:1"`, env), []);
  assert.equal(warnings(HTTPS, { ...env, NO_PROXY: 'api.h' }), []);
});

test('little memory for a landscape is warned of', () => {
  assert.equal(warnings(HTTPS, {}, '15M'), [
    'memory: 15M is little for a landscape; 3000 apps and their routes take up to 32M',
  ]);
  assert.equal(warnings(HTTPS, {}, '16M'), []);
  assert.equal(load({ file: 'memory: 8M' }).warnings, []);
});

test('own instances cannot be left out where they are not known', () => {
  assert.equal(warnings(`${HTTPS}, own: false`), [
    'cloudfoundry.own: is of no effect: VCAP_APPLICATION is not set, as it is on Cloud Foundry',
  ]);
  assert.equal(warnings(`${HTTPS}, own: true`), []);
});

test.run();
