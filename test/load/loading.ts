// A loader as the cache would use it: with real time unless a test brings its own, and a sink that remembers.

import type { BodySink, Loaded, Loader, LoadRequest } from '../../src/cache/loader.ts';
import type { LoaderConfig } from '../../src/config/config.ts';
import { LoadError } from '../../src/errors.ts';
import { createHttpLoader, type HttpLoaderDeps } from '../../src/load/http.ts';

export class RememberingSink implements BodySink {
  readonly chunks: Buffer[] = [];
  readonly announcedBytes: number[] = [];

  expect(bytes: number): void {
    this.announcedBytes.push(bytes);
  }

  append(chunk: Uint8Array): void {
    this.chunks.push(Buffer.from(chunk));
  }

  get text(): string {
    return Buffer.concat(this.chunks).toString();
  }
}

export function loaderFor(
  url: string,
  config: Partial<LoaderConfig> = {},
  deps: Partial<HttpLoaderDeps> = {},
): Loader {
  const defaults: LoaderConfig = {
    url,
    timeoutMs: 5000,
    softTimeoutMs: undefined,
    retries: 0,
    concurrency: 4,
    queue: 100,
    cacheControl: 'honour',
    headers: {},
    caFile: undefined,
    batchSize: 100,
    batchWindowMs: 5,
  };
  const real = { maxValueBytes: 1024 * 1024, now: () => performance.now(), random: () => 0.5, delay };
  return createHttpLoader({ ...defaults, ...config }, { ...real, ...deps });
}

/** A load of `key` whose value, where there is one, ends up in the sink. */
export function load(
  loader: Loader,
  key: string | Buffer,
  request: Partial<LoadRequest> = {},
): Promise<Loaded> {
  const defaults = { etag: undefined, signal: new AbortController().signal, sink: new RememberingSink() };
  return loader.load({ ...defaults, key: Buffer.from(key), ...request });
}

export async function loadText(loader: Loader, key: string): Promise<string> {
  const sink = new RememberingSink();
  await load(loader, key, { sink });
  return sink.text;
}

/** The LoadError of a load that must fail. */
export async function failureOf(loading: Promise<Loaded>): Promise<LoadError> {
  const outcome = await loading.catch((error: unknown) => error);
  if (outcome instanceof LoadError) return outcome;
  throw new Error('the load should have failed with a LoadError', { cause: outcome });
}

export function delay(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) throw new Error('a delay that nobody waits for');
    const timer = setTimeout(resolve, ms);
    signal.addEventListener('abort', () => {
      clearTimeout(timer);
      resolve();
    });
  });
}
