// What goes over the wire to an app: the body that came with the call, as it is, or the change as JSON.

import { encodePercent } from '../units/percent.ts';
import type { AppChange } from './change.ts';
import type { Told } from './job.ts';

export interface Message {
  readonly headers: Readonly<Record<string, string>>;
  readonly bytes: Buffer;
}

export function messageOf(told: Told): Message {
  if (told.kind === 'resync') return { headers: { 'content-type': JSON_TYPE }, bytes: json(told) };
  const { id, body } = told;
  const { contentType, bytes } = body ?? { contentType: JSON_TYPE, bytes: json(described(told)) };
  return { headers: { 'content-type': contentType, 'sidecache-event': id }, bytes };
}

const JSON_TYPE = 'application/json';

function described({ kind, caches, keys, tags, prefixes }: AppChange): object {
  return { kind, caches, keys: keys.map(encodePercent), tags, prefixes: prefixes.map(encodePercent) };
}

function json(value: object): Buffer {
  return Buffer.from(JSON.stringify(value));
}
