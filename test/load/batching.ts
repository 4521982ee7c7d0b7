// A batching loader and an origin that knows the values of its keys.

import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Loaded } from '../../src/cache/loader.ts';
import type { LoaderConfig } from '../../src/config/config.ts';
import type { HttpLoaderDeps } from '../../src/load/http.ts';
import type { Setting } from './claim.ts';
import { load, loaderFor, RememberingSink } from './loading.ts';
import { startOrigin } from './origin.ts';

export interface BatchSetting extends Setting {
  /** The keys of each request, as sent. */
  readonly asked: readonly string[][];
}

/** Answers, given the keys that were asked for. */
export type Answering = (keys: readonly string[], response: ServerResponse, request: IncomingMessage) => void;

/** The origin answers `/v?ids={keys}`; it and the loader are closed whatever comes of it. */
export async function batching(
  answering: Answering,
  body: (setting: BatchSetting) => Promise<void>,
  config: Partial<LoaderConfig> = {},
  deps: Partial<HttpLoaderDeps> = {},
): Promise<void> {
  const asked: string[][] = [];
  const origin = await startOrigin((request, response) => {
    const keys = keysOf(request);
    asked.push(keys);
    answering(keys, response, request);
  });
  const loader = loaderFor(`${origin.url}/v?ids={keys}`, config, deps);
  try {
    await body({ origin, loader, asked });
  } finally {
    loader.close();
    await origin.close();
  }
}

/** Split at raw commas, then decoded: the order in which an origin has to do it. */
export function keysOf(request: IncomingMessage): string[] {
  const list = /[?&]ids=([^&]*)/.exec(request.url ?? '')?.[1] ?? '';
  return list.split(',').map(decodeURIComponent);
}

export const ownValue = (key: string): unknown => ({ of: key });

/** Every key has its own value. */
export const all: Answering = (keys, response) => {
  const members = keys.map((key) => `${JSON.stringify(key)}:${JSON.stringify(ownValue(key))}`);
  response.end(`{${members.join(',')}}`);
};

/** Always this body. */
export function saying(body: string, headers: Readonly<Record<string, string>> = {}): Answering {
  return (_, response) => {
    for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
    response.end(body);
  };
}

/** Each loaded at the same time: its text, or what it came to instead. */
export async function loadAll({ loader }: Setting, keys: readonly string[]): Promise<string[]> {
  return await Promise.all(
    keys.map(async (key) => {
      const sink = new RememberingSink();
      const loaded: Loaded | Error = await load(loader, key, { sink }).catch((error: Error) => error);
      if (loaded instanceof Error) return loaded.message;
      return loaded.kind === 'value' ? sink.text : loaded.kind;
    }),
  );
}
