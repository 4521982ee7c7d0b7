// A loader that does nothing by itself: the test sees every load and says, by hand, what comes of it and when.

import type { Loaded, Loader, LoadRequest, Terms } from '../../src/cache/loader.ts';
import { LoadError } from '../../src/errors.ts';

export interface ValueScript {
  tags?: string[];
  etag?: string;
  contentType?: string;
  terms?: Partial<Terms>;
}

/** One load that the cache asked for. */
export class Call {
  readonly request: LoadRequest;
  readonly key: string;
  readonly promise: Promise<Loaded>;
  isOver = false;
  #resolve: (loaded: Loaded) => void = () => {};
  #reject: (error: unknown) => void = () => {};

  constructor(request: LoadRequest) {
    this.request = request;
    this.key = request.key.toString('latin1');
    this.promise = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
  }

  get etag(): string | undefined {
    return this.request.etag;
  }

  /** A part of the body. What the sink throws ends the load, as with a real loader. */
  send(text: string): void {
    try {
      this.request.sink.append(Buffer.from(text));
    } catch (error) {
      this.fail(error);
    }
  }

  answer(text: string, script: ValueScript = {}): void {
    if (text !== '') this.send(text);
    const { tags = [], etag, contentType = 'text/plain' } = script;
    this.#end({ kind: 'value', contentType, etag, tags, terms: termsOf(script.terms), status: 200 });
  }

  notModified(script: ValueScript = {}): void {
    const { tags, etag } = script;
    this.#end({ kind: 'unchanged', tags, etag, terms: termsOf(script.terms), status: 304 });
  }

  absent(status = 404): void {
    this.#end({ kind: 'absent', status });
  }

  fail(error: unknown = new LoadError('load_failed', 'the origin answered 500')): void {
    this.isOver = true;
    this.#reject(error);
  }

  #end(loaded: Loaded): void {
    this.isOver = true;
    this.#resolve(loaded);
  }
}

export class ScriptedLoader implements Loader {
  /** Every load so far, in the order they began. */
  readonly calls: Call[] = [];
  isReachable = true;
  timesLooked = 0;
  isClosed = false;
  /** What a load does as it is asked for, before its promise is there; may throw. */
  onLoad: ((call: Call) => void) | undefined;

  load(request: LoadRequest): Promise<Loaded> {
    const call = new Call(request);
    this.calls.push(call);
    try {
      this.onLoad?.(call);
    } catch (error) {
      call.isOver = true;
      throw error;
    }
    return call.promise;
  }

  async reachable(): Promise<boolean> {
    this.timesLooked++;
    return this.isReachable;
  }

  close(): void {
    this.isClosed = true;
  }

  get loads(): number {
    return this.calls.length;
  }

  get open(): Call[] {
    return this.calls.filter((call) => !call.isOver);
  }

  get last(): Call {
    return this.calls.at(-1)!;
  }
}

export function termsOf(some: Partial<Terms> = {}): Terms {
  return {
    freshMs: undefined,
    staleWhileRevalidateMs: undefined,
    staleIfErrorMs: undefined,
    ageMs: 0,
    unstorable: undefined,
    ...some,
  };
}
