// Holds which proxy the environment names for a URL.

import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { proxyFromEnvironment } from '../../src/config/proxy.ts';

const test = suite('proxy');

const PROXIES = { HTTPS_PROXY: 'http://secure:1', HTTP_PROXY: 'http://plain:1' };

test('an https URL takes HTTPS_PROXY, an http URL HTTP_PROXY', () => {
  assert.equal(proxyFromEnvironment('https://api.h', PROXIES), {
    variable: 'HTTPS_PROXY',
    url: 'http://secure:1',
  });
  assert.equal(proxyFromEnvironment('http://api.h', PROXIES), {
    variable: 'HTTP_PROXY',
    url: 'http://plain:1',
  });
  assert.is(proxyFromEnvironment('https://api.h', { HTTP_PROXY: 'http://plain:1' }), undefined);
  assert.is(proxyFromEnvironment('https://api.h', {}), undefined);
});

test('the name in small letters goes before, an empty one counts as none', () => {
  const named = (https_proxy: string): string | undefined =>
    proxyFromEnvironment('https://api.h', { ...PROXIES, https_proxy })?.variable;
  assert.is(named('http://small:1'), 'https_proxy');
  assert.is(named(''), 'HTTPS_PROXY');
});

test('a proxy without a scheme is an http one', () => {
  for (const [written, url] of [
    ['proxy:3128', 'http://proxy:3128'],
    [' u:p@proxy ', 'http://u:p@proxy'],
    ['10.0.0.1:3128', 'http://10.0.0.1:3128'],
    ['https://proxy', 'https://proxy'],
  ] as const) {
    assert.is(proxyFromEnvironment('https://api.h', { HTTPS_PROXY: written })?.url, url, written);
  }
});

test('what is no proxy for HTTP is named without a URL', () => {
  for (const written of ['socks5://proxy:1', 'http://', 'http://proxy/path', 'http://u:%x@proxy', 'a b']) {
    assert.equal(
      proxyFromEnvironment('https://api.h', { HTTPS_PROXY: written }),
      { variable: 'HTTPS_PROXY', url: undefined },
      written,
    );
  }
});

test('NO_PROXY excepts hosts, whole domains and everything, each with a port or without', () => {
  const isExcepted = (url: string, NO_PROXY: string): boolean =>
    proxyFromEnvironment(url, { ...PROXIES, NO_PROXY }) === undefined;
  const excepted: [url: string, exceptions: string][] = [
    ['https://api.h', '*'],
    ['https://api.h', 'api.h'],
    ['https://API.h', 'other, Api.H'],
    ['https://api.h', 'other api.h'],
    ['https://api.sys.h', 'sys.h'],
    ['https://api.sys.h', '.sys.h'],
    ['https://api.sys.h', '*.sys.h'],
    ['https://api.h', 'api.h:443'],
    ['http://api.h', 'api.h:80'],
    ['https://api.h:8443', 'api.h:8443'],
    ['https://10.0.0.1', '10.0.0.1'],
    ['https://[fd00::1]', 'fd00::1'],
    ['https://[fd00::1]', '[fd00::1]'],
    ['https://[fd00::1]', '[fd00::1]:443'],
  ];
  for (const [url, exceptions] of excepted) assert.ok(isExcepted(url, exceptions), `${url} ${exceptions}`);
  const others: [url: string, exceptions: string][] = [
    ['https://api.h', ''],
    ['https://api.h', ' , '],
    ['https://api.h', 'pi.h'],
    ['https://api.h', 'api.h:80'],
    ['https://api.h', 'h.api'],
    ['https://api.h', '.'],
    ['https://10.0.0.1', '0.0.1.10'],
    ['https://[fd00::1]', 'fd00::2'],
  ];
  for (const [url, exceptions] of others) assert.not(isExcepted(url, exceptions), `${url} ${exceptions}`);
});

test('no_proxy in small letters goes before NO_PROXY', () => {
  const env = { ...PROXIES, no_proxy: 'api.h', NO_PROXY: 'other' };
  assert.is(proxyFromEnvironment('https://api.h', env), undefined);
  assert.is(proxyFromEnvironment('https://other', env)?.variable, 'HTTPS_PROXY');
});

test.run();
