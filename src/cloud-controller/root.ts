// Where the UAA of an API is: its root document says so. Asked once, and again after something failed there.

import { LoadError } from '../errors.ts';
import { codeOf, isObject, parseObject, refusal } from './api-errors.ts';
import type { ApiCounters } from './counters.ts';
import type { ApiReport } from './report.ts';
import type { Requests } from './requests.ts';

export interface RootParts {
  readonly api: URL;
  readonly place: string;
  readonly requests: Requests;
  readonly counters: ApiCounters;
  readonly report: ApiReport;
}

const MAX_ROOT_BYTES = 64 * 1024;

export class Root {
  readonly #parts: RootParts;
  #uaa: URL | undefined;

  constructor(parts: RootParts) {
    this.#parts = parts;
  }

  /** Throws LoadError. Not to be called twice at a time. */
  async uaa(signal: AbortSignal): Promise<URL> {
    this.#uaa ??= await this.#ask(signal);
    return this.#uaa;
  }

  /** The UAA may have moved. */
  forget(): void {
    this.#uaa = undefined;
  }

  async #ask(signal: AbortSignal): Promise<URL> {
    const { api, place, requests, report } = this.#parts;
    const headers = (): Record<string, string> => ({ accept: 'application/json' });
    const ask = {
      type: 'root',
      method: 'GET',
      url: api,
      headers,
      body: undefined,
      maxBytes: MAX_ROOT_BYTES,
    } as const;
    const answered = await requests.send(ask, signal);
    if (answered.status !== 200)
      throw report.failed('root', codeOf('root', answered), refusal(place, answered));
    const uaa = this.#read(answered.text);
    report.succeeded('root');
    return uaa;
  }

  #read(text: string): URL {
    const { api } = this.#parts;
    const links = parseObject(text)?.links;
    if (!isObject(links)) throw this.#bad('is not a Cloud Controller: its root has no links');
    const url = hrefOf(links.uaa) ?? hrefOf(links.login);
    if (url === undefined) throw this.#bad('is not a Cloud Controller: its root links to no UAA');
    if (api.protocol === 'https:' && url.protocol !== 'https:') {
      throw this.#bad(`names a UAA without TLS (${url.origin}): no password is sent there`);
    }
    return url;
  }

  #bad(what: string): LoadError {
    const { counters, report, place } = this.#parts;
    counters.failed('bad_answer');
    return report.failed('root', 'bad_answer', new LoadError('load_failed', `${place} ${what}`));
  }
}

function hrefOf(link: unknown): URL | undefined {
  if (!isObject(link) || typeof link.href !== 'string' || !URL.canParse(link.href)) return undefined;
  const { protocol, origin, pathname } = new URL(link.href);
  return /^https?:$/.test(protocol) ? new URL(origin + pathname.replace(/\/*$/, '/')) : undefined;
}
