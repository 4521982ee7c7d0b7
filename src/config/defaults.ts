// Defaults that are found rather than written in the table: from the platform's variables, the host, other options.

import type { Draft } from './draft.ts';
import type { ConfigInput } from './load.ts';
import { defaultMemory, memoryLimit } from './memory-limit.ts';
import type { OptionValue } from './option.ts';
import { peersOf, peersSet } from './peers.ts';
import { proxyFromEnvironment } from './proxy.ts';
import type { Values } from './values.ts';
import { apiOf } from './vcap.ts';

export interface Default {
  value: OptionValue;
  source: string;
}

const MIB = 1024 * 1024;

/** What the daemon as a whole has where nothing is set; `max_value` follows `memory`, which must be in `values`. */
export function daemonDefault(path: string, input: ConfigInput, values: Values): Default | undefined {
  if (path === 'config') return { value: input.file?.path, source: 'default' };
  if (path === 'socket') return defaultSocket(input.env.TMPDIR);
  if (path === 'memory') {
    const { bytes, source } = defaultMemory(memoryLimit(input.env.MEMORY_LIMIT, input.cgroupLimitBytes));
    return { value: bytes, source };
  }
  if (path === 'max_value') {
    const bytes = Math.min(16 * MIB, Math.floor(values.number('memory') / 8));
    return { value: bytes, source: 'computed from memory' };
  }
  if (path === 'index') return defaultIndex(input);
  if (path === 'instance_id') return fromVariable(input, 'CF_INSTANCE_GUID', /^[\x21-\x7e]{1,128}$/);
  if (path === 'on_bad_config') return defaultOnBadConfig(input);
  if (path === 'cloudfoundry.api') return defaultApi(input);
  if (path === 'cloudfoundry.proxy') return defaultProxy(values.optionalText('cloudfoundry.api'), input);
  return undefined;
}

/** What the daemon as a whole has must be in the draft's values. */
export function cacheDefault(path: string, cache: string, draft: Draft): Default | undefined {
  if (path.endsWith('.mode')) return defaultMode(draft);
  if (!path.endsWith('.writes')) return undefined;
  if (draft.values.get(`caches.${cache}.mode`) === 'replicated')
    return { value: 'change', source: 'computed: mode is replicated' };
  return draft.loaders.has(cache)
    ? { value: 'change', source: 'computed: has a loader' }
    : { value: 'fill', source: 'computed: has no loader' };
}

/** What a field of a record has where the record does not say: its name by its place, the proxy of the environment. */
export function completeRecords(values: Values, input: ConfigInput): void {
  for (const { values: api } of values.records('cloudfoundry.apis')) {
    const proxy = defaultProxy(api.optionalText('api'), input);
    if (!api.has('proxy') && proxy !== undefined) api.set('proxy', proxy.value);
  }
  for (const [place, { values: target }] of values.records('cloudfoundry.targets').entries()) {
    if (!target.has('name')) target.set('name', `target-${place + 1}`);
  }
}

function defaultApi({ env }: ConfigInput): Default | undefined {
  const api = apiOf(env.VCAP_APPLICATION);
  return api === undefined ? undefined : { value: api, source: 'computed from VCAP_APPLICATION' };
}

function defaultProxy(api: string | undefined, { env }: ConfigInput): Default | undefined {
  const named = api === undefined ? undefined : proxyFromEnvironment(api, env);
  return named?.url === undefined
    ? undefined
    : { value: named.url, source: `computed from ${named.variable}` };
}

function defaultMode({ values, application }: Draft): Default {
  const [set] = peersSet(values);
  if (set === undefined) return { value: 'local', source: 'computed: no fleet.peers' };
  return peersOf(values, application) === undefined
    ? { value: 'local', source: 'computed: runs alone' }
    : { value: 'invalidation', source: `computed: ${set} is set` };
}

function defaultSocket(directory: string | undefined): Default {
  const under = (directory || '/tmp').replace(/\/+$/, '');
  return { value: `${under}/sidecache.sock`, source: directory ? 'computed from TMPDIR' : 'default' };
}

function defaultIndex(input: ConfigInput): Default {
  const given = fromVariable(input, 'CF_INSTANCE_INDEX', /^\d{1,9}$/);
  if (given !== undefined) return given;
  const ordinal = /-(\d{1,9})$/.exec(input.hostname)?.[1];
  return ordinal === undefined
    ? { value: '-', source: 'default' }
    : { value: ordinal, source: `computed from host name ${input.hostname}` };
}

function defaultOnBadConfig(input: ConfigInput): Default {
  return input.env.VCAP_APPLICATION
    ? { value: 'degrade', source: 'computed: VCAP_APPLICATION is set' }
    : { value: 'exit', source: 'computed: VCAP_APPLICATION is not set' };
}

// What ends in headers and labels is taken only in the form the platform gives it.
function fromVariable(input: ConfigInput, variable: string, form: RegExp): Default | undefined {
  const value = input.env[variable];
  return value !== undefined && form.test(value) ? { value, source: `computed from ${variable}` } : undefined;
}
