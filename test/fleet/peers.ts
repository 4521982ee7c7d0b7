// What tests of the fleet's parts have in common: identities, events, and a link that answers as it is told.

import type { NewEvent } from '../../src/fleet/event.ts';
import type { Identity } from '../../src/fleet/identity.ts';
import type { Ask, Link, Outcome } from '../../src/fleet/link.ts';

/** `name` is put where incarnations differ. */
export function identityOf(name: string, more: Partial<Identity> = {}): Identity {
  const incarnation = name.padEnd(8, '0');
  return { incarnation, index: '0', instanceId: `id-${name}`, process: '', version: '1.0.0', ...more };
}

export function eventOf(cache: string, more: Partial<NewEvent> = {}): NewEvent {
  return {
    kind: 'invalidate',
    caches: [cache],
    keys: [],
    tags: [],
    prefixes: [],
    notify: false,
    body: undefined,
    ...more,
  };
}

/** Holds what it is asked until the test answers. */
export class HeldLink implements Link {
  readonly asks: { ask: Ask; answer: (outcome: Outcome) => void }[] = [];

  ask(ask: Ask): Promise<Outcome> {
    return new Promise((answer) => this.asks.push({ ask, answer }));
  }

  /** The oldest that was not answered. */
  next(): { ask: Ask; answer: (outcome: Outcome) => void } {
    const next = this.asks.shift();
    if (!next) throw new Error('nothing was asked');
    return next;
  }
}
