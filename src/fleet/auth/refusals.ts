// Why messages were refused, and how often: what the metrics show.

export const REFUSAL_REASONS = [
  'bad_mac',
  'replayed',
  'unknown_session',
  'other_member',
  'unsupported_version',
  'malformed',
  'too_large',
  'too_slow',
  'no_token',
  'no_room',
  'internal',
] as const;
export type RefusalReason = (typeof REFUSAL_REASONS)[number];

export const REFUSAL_STATUS: Readonly<Record<RefusalReason, number>> = {
  bad_mac: 401,
  replayed: 401,
  unknown_session: 401,
  other_member: 409,
  unsupported_version: 400,
  malformed: 400,
  too_large: 413,
  too_slow: 408,
  no_token: 403,
  no_room: 503,
  internal: 500,
};

/** `unknown_session` and `other_member` also come of restarts; the others should not grow. */
export class Refusals {
  readonly #counts = new Map<RefusalReason, number>(REFUSAL_REASONS.map((reason) => [reason, 0]));

  count(reason: RefusalReason): void {
    this.#counts.set(reason, this.of(reason) + 1);
  }

  of(reason: RefusalReason): number {
    return this.#counts.get(reason) ?? 0;
  }

  entries(): IterableIterator<[RefusalReason, number]> {
    return this.#counts.entries();
  }
}
