// A call that changes what caches hold, and what came of it.

import type { ChangeKind, Selection } from '../cache/caches.ts';
import type { EventBody } from '../fleet/event.ts';

export interface ChangeCall {
  readonly kind: ChangeKind;
  readonly selection: Selection;
  /** `local`: no other instance is told. */
  readonly scope: 'fleet' | 'local';
  /** `others`: the own app is not told, it knows. */
  readonly notify: 'all' | 'others';
  /** For all instances and their apps to confirm. */
  readonly timeoutMs: number;
  /** For the apps. */
  readonly body: EventBody | undefined;
  /** What the caller said in `Sidecache-Event`: the change of which it was told itself. */
  readonly repeats: string | undefined;
}

export type MemberStatus = 'applied' | 'app-failed' | 'unreachable' | 'refused' | 'gone';

export interface MemberOutcome {
  readonly index: string;
  readonly instanceId: string;
  readonly incarnation: string;
  readonly status: MemberStatus;
  readonly ms: number;
  /** Entries that went there, or are old now; undefined where it did not say. */
  readonly entries: number | undefined;
  readonly why: string | undefined;
}

export interface ChangeOutcome {
  /** Entries that went here, or are old now. */
  readonly entries: number;
  /** Who confirmed, this instance included. */
  readonly applied: number;
  /** Undefined: peers are configured, and none was ever reached. */
  readonly members: number | undefined;
  readonly report: readonly MemberOutcome[];
  /** For a refresh: resolves when the loads that it started here have ended. */
  readonly loaded: Promise<void>;
}
