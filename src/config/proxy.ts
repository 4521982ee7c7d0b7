// The proxy that the environment names for a URL, by HTTPS_PROXY, HTTP_PROXY and NO_PROXY.

import { proxyUrlProblem } from './http-url.ts';

type Environment = Readonly<Record<string, string | undefined>>;

export interface NamedProxy {
  readonly variable: string;
  /** Undefined: what the variable holds cannot be used. */
  readonly url: string | undefined;
}

/** Undefined where none is named, or this host is excepted. */
export function proxyFromEnvironment(url: string, env: Environment): NamedProxy | undefined {
  const { protocol, hostname, port } = new URL(url);
  const names = protocol === 'https:' ? ['https_proxy', 'HTTPS_PROXY'] : ['http_proxy', 'HTTP_PROXY'];
  const variable = names.find((name) => env[name]);
  const host = hostname.replace(/^\[|\]$/g, '');
  const portOrDefault = port || (protocol === 'https:' ? '443' : '80');
  if (variable === undefined || isExcepted(host, portOrDefault, env.no_proxy || env.NO_PROXY || '')) {
    return undefined;
  }
  const written = env[variable]!.trim();
  // curl takes a proxy without a scheme for an http one.
  const proxy = written.includes('://') ? written : `http://${written}`;
  return { variable, url: proxyUrlProblem(proxy) === undefined ? proxy : undefined };
}

/** `*`, a host, a domain with or without a dot before it, each with or without a port. */
function isExcepted(host: string, port: string, exceptions: string): boolean {
  return exceptions.split(/[\s,]+/).some((exception) => {
    if (exception === '*') return true;
    const [, name = '', only] = /^\[?(.*?)\]?(?::(\d+))?$/.exec(portless(exception)) ?? [];
    const domain = name.toLowerCase().replace(/^\*?\./, '');
    if (domain === '' || (only !== undefined && only !== port)) return false;
    return host === domain || host.endsWith(`.${domain}`);
  });
}

/** The colons of a bare IPv6 address begin no port. */
function portless(exception: string): string {
  return /^[^[].*:.*:/.test(exception) ? `[${exception}]` : exception;
}
