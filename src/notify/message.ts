// What goes over the wire to an app: the body that came with the call, as it is, or the change as JSON.

import { encodePercent } from '../units/percent.ts';
import type { AppChange } from './change.ts';
import type { Told } from './job.ts';

export interface Message {
  readonly headers: Readonly<Record<string, string>>;
  readonly bytes: Buffer;
}

/** `resyncId`: what `Sidecache-Event` says of a resync, which is no change and has no number. */
export function messageOf(told: Told, resyncId: string): Message {
  if (told.kind === 'resync') return { headers: headersOf(JSON_TYPE, resyncId), bytes: json(told) };
  const { id, body } = told;
  const { contentType, bytes } = body ?? { contentType: JSON_TYPE, bytes: json(described(told)) };
  return { headers: headersOf(contentType, id), bytes };
}

function headersOf(contentType: string, id: string): Record<string, string> {
  return { 'content-type': contentType, 'sidecache-event': id };
}

const JSON_TYPE = 'application/json';

function described({ kind, caches, keys, tags, prefixes }: AppChange): object {
  return { kind, caches, keys: keys.map(encodePercent), tags, prefixes: prefixes.map(encodePercent) };
}

function json(value: object): Buffer {
  return Buffer.from(JSON.stringify(value));
}
