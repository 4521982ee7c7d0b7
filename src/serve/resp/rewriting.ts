// Read, change, write: what a command makes of the value that is stored. Nothing is awaited in between, so no other
// command of this instance comes between; what the entry has beside its value, it keeps.

import type { Call } from './call.ts';
import type { CommandContext } from './context.ts';
import { type Keyspace, NO_SLOT } from './keyspace.ts';
import { withBytes } from './passing-bytes.ts';

/** The value that was found, not to be kept for long; empty where there is none. */
export function foundValue(keyspace: Keyspace): Buffer {
  const { slot } = keyspace;
  if (slot === NO_SLOT) return Buffer.alloc(0);
  const { store } = keyspace.cache.shelf;
  const value = Buffer.allocUnsafe(store.valueLength(slot));
  store.copyValue(slot, 0, value, 0, value.length);
  return value;
}

export function foundLength(keyspace: Keyspace): number {
  return keyspace.slot === NO_SLOT ? 0 : keyspace.cache.shelf.store.valueLength(keyspace.slot);
}

/** What was found is in use, unless its client reads without leaving a trace (CLIENT NO-TOUCH). */
export function touchFound({ client, keyspace }: CommandContext): void {
  if (keyspace.slot !== NO_SLOT && !client.noTouch) keyspace.touch();
}

/** What a value is stored with, of the entry that was found. */
export function foundTerms(keyspace: Keyspace) {
  if (keyspace.slot === NO_SLOT) return {};
  const { store } = keyspace.cache.shelf;
  const endAtMs = keyspace.endAtMs();
  return {
    contentType: store.contentType(keyspace.slot),
    tags: store.tags(keyspace.slot),
    endAtMs: Number.isFinite(endAtMs) ? endAtMs : undefined,
  };
}

/** Stores another value under the key of argument `i`, that was just looked for; the entry's end stays. */
export function rewrite({ client, keyspace }: CommandContext, call: Call, i: number, value: Buffer): void {
  const terms = foundTerms(keyspace);
  const key = keyspace.key(call, i);
  keyspace.write(client, keyspace.cache, key, value, 0, value.length, terms);
}

/**
 * The same with a value that begins as the one that was found, goes on with zeros where it is longer, and is changed by
 * `change`.
 */
export function rewriteFound(
  context: CommandContext,
  call: Call,
  i: number,
  length: number,
  change: (value: Buffer) => void,
): void {
  withBytes(length, (value) => {
    const copied = copyFound(context.keyspace, value);
    value.fill(0, copied);
    change(value);
    rewrite(context, call, i, value);
  });
}

/** Copies the value that was found, and says how long it is. */
export function copyFound(keyspace: Keyspace, target: Buffer): number {
  const length = foundLength(keyspace);
  if (length > 0) keyspace.cache.shelf.store.copyValue(keyspace.slot, 0, target, 0, length);
  return length;
}
