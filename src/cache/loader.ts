// What the cache asks of a loader: declared here by its consumer, implemented in load/.

/** Receives the body of a load as it arrives. Both methods throw to stop the load (TooLargeError, RoomError). */
export interface BodySink {
  /** Announces the length, where the origin said it, before the first byte. */
  expect(bytes: number): void;
  append(chunk: Uint8Array): void;
}

export interface LoadRequest {
  /** The key's bytes; not to be kept or changed. */
  key: Buffer;
  /** ETag of the value held, where there is one and it may be revalidated. */
  etag: string | undefined;
  /** Aborted when nobody wants the answer any more (shutdown); the loader has its own time-outs. */
  signal: AbortSignal;
  sink: BodySink;
}

/** What the origin said about how long its answer is good for; undefined = it did not say. Source: RFC 9111, RFC 5861. */
export interface Terms {
  /** Fresh for this long, in place of `refresh`. */
  freshMs: number | undefined;
  /** After that, may be served stale while it is reloaded, for this long. */
  staleWhileRevalidateMs: number | undefined;
  /** After that, may be served stale when the origin fails, for this long. */
  staleIfErrorMs: number | undefined;
  /** Age of the answer when it arrived (the Age header), in ms. */
  ageMs: number;
  /** Why the answer may be served but not stored: 'no-store', 'private', 'set-cookie', 'vary'; undefined = it may be stored. */
  unstorable: string | undefined;
}

export type Loaded =
  | {
      kind: 'value';
      contentType: string;
      etag: string | undefined;
      tags: string[];
      terms: Terms;
      status: number;
    }
  | { kind: 'unchanged'; tags: string[] | undefined; etag: string | undefined; terms: Terms; status: number }
  /** With the tags by which it is forgotten that there is nothing. */
  | { kind: 'absent'; status: number; tags?: readonly string[] };

export interface Loader {
  /**
   * Throws RequestError('bad_key') without asking the origin where the key may not be sent,
   * LoadError('load_failed' | 'load_timeout') where the origin failed, and whatever the sink threw.
   */
  load(request: LoadRequest): Promise<Loaded>;
  /** Whether the origin accepts connections at all: asked only while loads fail to connect. Never throws. */
  reachable(): Promise<boolean>;
  close(): void;
}
