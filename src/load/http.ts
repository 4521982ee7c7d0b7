// The HTTP loader: a key in, what the origin says out. How the origin is asked is origin.ts, several keys at once http-batch.ts.

import type { Loaded, Loader, LoadRequest } from '../cache/loader.ts';
import { type AnswerRules, readAnswer } from './answer.ts';
import type { Clock } from './deadline.ts';
import { createBatchLoader } from './http-batch.ts';
import { createOrigin, type Origin } from './origin.ts';
import type { HttpLoaderConfig } from './settings.ts';
import { compileUrlTemplate, type UrlTemplate } from './url-template.ts';

export interface HttpLoaderDeps extends Clock {
  maxValueBytes: number;
  /** From 0 up to 1. */
  random(): number;
  /** Told of every answer that may be served and not stored; also in its terms. */
  onUnstorable?(reason: string): void;
}

/** One that asks for several keys at once where the URL has {keys}. Throws ConfigError. */
export function createHttpLoader(config: HttpLoaderConfig, deps: HttpLoaderDeps): Loader {
  const template = compileUrlTemplate(config.url);
  const origin = createOrigin(config, template, deps);
  const rules: AnswerRules = { maxValueBytes: deps.maxValueBytes, cacheControl: config.cacheControl };
  const make = template.takesMany ? createBatchLoader : createSingleLoader;
  return make({ template, origin, rules, config, deps });
}

export interface LoaderParts {
  readonly template: UrlTemplate;
  readonly origin: Origin;
  readonly rules: AnswerRules;
  readonly config: HttpLoaderConfig;
  readonly deps: HttpLoaderDeps;
}

function createSingleLoader({ template, origin, rules, deps }: LoaderParts): Loader {
  const load = async (request: LoadRequest): Promise<Loaded> => {
    const { etag, signal } = request;
    const asking = { url: template.fill(request.key), etag, signal };
    const loaded = await origin.ask(asking, (answer, attempt) => readAnswer(answer, request, rules, attempt));
    if (loaded.kind !== 'absent' && loaded.terms.unstorable !== undefined) {
      deps.onUnstorable?.(loaded.terms.unstorable);
    }
    return loaded;
  };
  return { load, reachable: origin.reachable, close: origin.close };
}
