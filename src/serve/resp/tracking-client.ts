// What a client chose with CLIENT TRACKING, and which choices go together. Source: Redis 7's CLIENT TRACKING, CLIENT
// CACHING and CLIENT TRACKINGINFO.

import type { Pushed } from './pubsub.ts';

/** A client, as far as its reads are tracked. */
export interface TrackedClient {
  readonly id: number;
  readonly proto: 2 | 3;
  /** Whether it is subscribed to anything. */
  readonly isSubscriber: boolean;
  /** Tracking is on; kept here. */
  tracks: boolean;
  readonly port: Pushed;
}

export interface TrackingOptions {
  /** Number of the client that is told in its place; 0: it is told itself. */
  readonly redirect: number;
  /** All changes under the prefixes, whatever was read. */
  readonly isBroadcast: boolean;
  /** Only reads after CLIENT CACHING YES. */
  readonly isOptIn: boolean;
  /** All reads but those after CLIENT CACHING NO. */
  readonly isOptOut: boolean;
  /** Its own changes are not told it. */
  readonly isNoLoop: boolean;
  /** Of one character a byte. */
  readonly prefixes: readonly string[];
}

export class TrackingState {
  readonly client: TrackedClient;
  options: TrackingOptions;
  /** Of all calls since tracking was turned on. */
  readonly prefixes = new Set<string>();
  /** CLIENT CACHING was said, of the next command. */
  isCachingSaid = false;
  /** There was nobody any more to tell in its place. */
  isRedirectBroken = false;

  constructor(client: TrackedClient, options: TrackingOptions) {
    this.client = client;
    this.options = options;
  }

  /** Whether what it reads now is noted. */
  get isNoting(): boolean {
    const { isBroadcast, isOptIn, isOptOut } = this.options;
    if (isBroadcast) return false;
    if (isOptIn) return this.isCachingSaid;
    return !isOptOut || !this.isCachingSaid;
  }

  /** As CLIENT TRACKINGINFO shows it. */
  get flags(): string[] {
    const { isBroadcast, isOptIn, isOptOut, isNoLoop } = this.options;
    const flags: readonly (readonly [string, boolean])[] = [
      ['on', true],
      ['bcast', isBroadcast],
      ['optin', isOptIn],
      ['caching-yes', isOptIn && this.isCachingSaid],
      ['optout', isOptOut],
      ['caching-no', isOptOut && this.isCachingSaid],
      ['noloop', isNoLoop],
      ['broken_redirect', this.isRedirectBroken],
    ];
    return flags.filter(([, isSet]) => isSet).map(([name]) => name);
  }

  /** Of what is said with CLIENT CACHING. Returns why it may not be said. */
  sayCaching(isYes: boolean): string | undefined {
    const { isOptIn, isOptOut } = this.options;
    if (isYes && !isOptIn)
      return 'ERR CLIENT CACHING YES is only valid when tracking is enabled in OPTIN mode.';
    if (!isYes && !isOptOut)
      return 'ERR CLIENT CACHING NO is only valid when tracking is enabled in OPTOUT mode.';
    this.isCachingSaid = true;
    return undefined;
  }
}

/** Of each client, and of each: they are held against every change. */
const MOST_PREFIXES = 100;
const MAX_PREFIX_BYTES = 1024;

/** Why tracking may not be turned on with these, `state` being that of before; undefined where it may. */
export function refusal(state: TrackingState | undefined, options: TrackingOptions): string | undefined {
  const { isBroadcast, isOptIn, isOptOut, prefixes } = options;
  if (!isBroadcast && prefixes.length > 0) return 'ERR PREFIX option requires BCAST mode to be enabled';
  if (state && state.options.isBroadcast !== isBroadcast) return switched('BCAST mode on/off');
  if (isBroadcast && (isOptIn || isOptOut)) return 'ERR OPTIN and OPTOUT are not compatible with BCAST';
  if (isOptIn && isOptOut) return "ERR You can't specify both OPTIN mode and OPTOUT mode";
  if (state && ((isOptIn && state.options.isOptOut) || (isOptOut && state.options.isOptIn)))
    return switched('OPTIN/OPTOUT mode');
  return refusalOfPrefixes(state?.prefixes ?? new Set(), prefixes);
}

function switched(what: string): string {
  return `ERR You can't switch ${what} before disabling tracking for this client, and then re-enabling it with a different mode.`;
}

function refusalOfPrefixes(existing: ReadonlySet<string>, provided: readonly string[]): string | undefined {
  if (existing.size + provided.length > MOST_PREFIXES)
    return `ERR a client may give at most ${MOST_PREFIXES} prefixes`;
  for (const [at, prefix] of provided.entries()) {
    if (prefix.length > MAX_PREFIX_BYTES) return `ERR a prefix may have at most ${MAX_PREFIX_BYTES} bytes`;
    for (const other of existing)
      if (overlap(prefix, other)) return overlapping(prefix, 'an existing', other);
    for (const other of provided.slice(at + 1))
      if (overlap(prefix, other)) return overlapping(prefix, 'another provided', other);
  }
  return undefined;
}

function overlapping(prefix: string, what: string, other: string): string {
  return `ERR Prefix '${prefix}' overlaps with ${what} prefix '${other}'. Prefixes for a single client must not overlap.`;
}

/** Whether something may begin with both. */
export function overlap(one: string, other: string): boolean {
  return one.startsWith(other) || other.startsWith(one);
}
