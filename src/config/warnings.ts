// What works and is probably not meant: said at start and by `sidecache check`.

import { parseBytes } from '../units/bytes.ts';
import { type Draft, isLoaded } from './draft.ts';
import type { ConfigInput } from './load.ts';
import { defaultMemory, memoryLimit, memoryWarning } from './memory-limit.ts';
import { appPortWarning, fleetWarnings, modeWarnings } from './warnings-fleet.ts';
import { landscapeWarnings } from './warnings-landscape.ts';
import { notifyWarnings } from './warnings-notify.ts';

const PLATFORM_KILLS_AFTER_MS = 10_000;

export function configWarnings(draft: Draft, input: ConfigInput): string[] {
  return [
    ...limitWarnings(draft, input),
    ...appPortWarning('http', draft.values.address('http')?.port, input),
    ...drainWarnings(draft, input),
    ...shareWarnings(draft),
    ...socketModeWarnings(draft),
    ...draft.caches.flatMap((name) => refreshWarnings(name, draft)),
    ...draft.caches.flatMap((name) => batchWarnings(name, draft)),
    ...draft.caches.flatMap((name) => modeWarnings(name, draft)),
    ...notifyWarnings(draft),
    ...fleetWarnings(draft, input),
    ...landscapeWarnings(draft, input),
  ];
}

function limitWarnings({ values, sources }: Draft, input: ConfigInput): string[] {
  const limitText = input.env.MEMORY_LIMIT;
  const limit = memoryLimit(limitText, input.cgroupLimitBytes);
  const isDefault = sources.get('memory')?.startsWith('computed');
  const unreadable = limitText && parseBytes(limitText) === undefined;
  return [
    unreadable ? `MEMORY_LIMIT: is no amount of bytes such as 64M; it is ignored` : undefined,
    isDefault ? defaultMemory(limit).warning : undefined,
    memoryWarning(values.number('memory'), limit),
  ].filter((warning) => warning !== undefined);
}

function drainWarnings({ values }: Draft, input: ConfigInput): string[] {
  const isLate = Boolean(input.env.VCAP_APPLICATION) && values.number('drain') >= PLATFORM_KILLS_AFTER_MS;
  return isLate ? ['drain: Cloud Foundry kills 10 s after SIGTERM; what is drained longer is cut off'] : [];
}

function shareWarnings({ values, caches }: Draft): string[] {
  const shares = caches.map((name) => values.optionalNumber(`caches.${name}.memory`));
  const leftBytes = values.number('memory') - shares.reduce<number>((sum, share) => sum + (share ?? 0), 0);
  const without = caches.filter((_, place) => shares[place] === undefined);
  if (leftBytes > 0 || without.length === 0) return [];
  return [`memory: all of it is kept for single caches, so ${without.join(', ')} can hold nothing`];
}

/** To connect to a socket is to write to it. */
const OTHERS_MAY_WRITE = 0o002;

function socketModeWarnings({ values }: Draft): string[] {
  const mode = values.number('socket_mode');
  if ((mode & OTHERS_MAY_WRITE) === 0) return [];
  const shown = `0${mode.toString(8)}`;
  return [
    `socket_mode: ${shown} lets every user of this machine read and change what is cached; 0660 lets a group only`,
  ];
}

function refreshWarnings(name: string, draft: Draft): string[] {
  const refresh = `caches.${name}.refresh`;
  if (draft.values.optionalNumber(refresh) === undefined || isLoaded(draft, name)) return [];
  return [
    `${refresh}: this cache has no loader, so its entries get old and nothing reloads them; is \`loader:\` indented as it should be?`,
  ];
}

function batchWarnings(name: string, { values, sources }: Draft): string[] {
  const at = (key: string): string => `caches.${name}.loader.${key}`;
  const url = values.optionalText(at('url'));
  if (url === undefined || url.includes('{keys}')) return [];
  const set = ['batch_size', 'batch_window'].filter((key) => sources.get(at(key)) !== 'default');
  return set.map((key) => `${at(key)}: is of no effect, as loader.url has no {keys}`);
}
