// What the own app is told of: one change, as it was applied here.

/**
 * Order of changes, the same at every instance: hybrid time in milliseconds, a counter within one, and the incarnation
 * that made it, as two may make one at the same time.
 */
export type ChangeTime = readonly [ms: number, count: number, origin: string];

export interface AppChange {
  /** `<incarnation>-<n>` of who made it, n its sequence there: what `Sidecache-Event` says. */
  readonly id: string;
  readonly at: ChangeTime;
  readonly kind: 'invalidate' | 'refresh';
  readonly caches: readonly string[];
  /** They unite; all three empty: the caches whole. */
  readonly keys: readonly Buffer[];
  readonly tags: readonly string[];
  readonly prefixes: readonly Buffer[];
  /** What came with the call, to be handed on as it is; undefined: the change itself is told, as JSON. */
  readonly body: { readonly contentType: string; readonly bytes: Buffer } | undefined;
}

/** `failed`: the app answered otherwise than 2xx, or not at all, once; it is called again all the same. */
export type AppAnswer = 'applied' | 'failed';
