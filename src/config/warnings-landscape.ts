// What works and is probably not meant, of the landscape: how its APIs are reached, and what it has room for.

import { formatBytes } from '../units/bytes.ts';
import { isLoopback } from './address.ts';
import type { Draft } from './draft.ts';
import { type WrittenApi, writtenApis } from './landscape-apis.ts';
import type { ConfigInput } from './load.ts';
import { proxyFromEnvironment } from './proxy.ts';

/** Half of what 3000 apps and their routes may take. */
const LITTLE_MEMORY_BYTES = 16 * 1024 * 1024;

export function landscapeWarnings(draft: Draft, input: ConfigInput): string[] {
  if (draft.preset.size === 0) return [];
  const warnings = [
    ...writtenApis(draft.values).flatMap((api) => [...apiWarnings(api), ...proxyWarnings(api, draft, input)]),
    ...memoryWarnings(draft),
    ...ownWarnings(draft),
  ];
  // One variable may be meant for several APIs.
  return [...new Set(warnings)];
}

function apiWarnings({ values, path, prefix }: WrittenApi): string[] {
  const warn = (key: string, text: string): string => `${path(key)}: ${prefix(key)}${text}`;
  const api = values.text('api');
  const { protocol, hostname } = new URL(api);
  const isReadable = protocol === 'http:' && !isLoopback(hostname.replace(/^\[|\]$/g, ''));
  const isBlind = protocol === 'https:' && !values.flag('verify_tls');
  return [
    isReadable ? warn('api', 'is http:, so whoever is on the way can read the credentials') : undefined,
    isBlind
      ? warn(
          'verify_tls',
          'is false, so whoever is on the way can take the credentials; ca trusts a certificate of your own',
        )
      : undefined,
    isBlind && values.optionalText('ca') !== undefined
      ? warn('ca', 'is of no effect, as verify_tls is false')
      : undefined,
  ].filter((warning) => warning !== undefined);
}

/** Of a variable that would be taken, were it fit to be. */
function proxyWarnings({ values, source }: WrittenApi, { sources }: Draft, { env }: ConfigInput): string[] {
  const isOpen =
    source === undefined ? sources.get('cloudfoundry.proxy') === 'default' : !values.has('proxy');
  const named = isOpen ? proxyFromEnvironment(values.text('api'), env) : undefined;
  if (named === undefined) return [];
  return [`${named.variable}: is no http or https URL of a proxy; it is ignored`];
}

function memoryWarnings({ values }: Draft): string[] {
  const bytes = values.number('memory');
  if (bytes >= LITTLE_MEMORY_BYTES) return [];
  return [
    `memory: ${formatBytes(bytes)} is little for a landscape; 3000 apps and their routes take up to 32M`,
  ];
}

function ownWarnings({ values, application }: Draft): string[] {
  if (values.flag('cloudfoundry.own') || !('problem' in application)) return [];
  return [`cloudfoundry.own: is of no effect: ${application.problem}`];
}
