// Requests that carry the token. One that the API does not take is replaced, and the request sent once more.

import { LoadError } from '../errors.ts';
import { saidBy } from './api-errors.ts';
import type { RequestType } from './cloud-controller.ts';
import type { Answered } from './exchange.ts';
import type { Requests } from './requests.ts';
import type { Tokens } from './token.ts';

/** Some 800 apps as the API describes them; who asks for more on a page is told. */
const MAX_PAGE_BYTES = 2 * 1024 * 1024;
const SHORTEN_BY = 'lower cloudfoundry.page_size';
/** CF-InvalidAuthToken and CF-NotAuthenticated, with whatever status. */
const BAD_TOKEN: ReadonlySet<number | undefined> = new Set([1000, 10002]);

export class Authorized {
  readonly #requests: Requests;
  readonly #tokens: Tokens;

  constructor(requests: Requests, tokens: Tokens) {
    this.#requests = requests;
    this.#tokens = tokens;
  }

  /** Any answer to the request; a second refusal of the token is one. Throws LoadError. */
  async get(type: RequestType, url: URL, signal: AbortSignal): Promise<Answered> {
    let token = await unlessAborted(this.#tokens.get(), signal);
    const headers = (): Record<string, string> => {
      // Waiting for its turn may have taken longer than the token is good for.
      token = this.#tokens.newest ?? token;
      return { accept: 'application/json', authorization: `Bearer ${token}` };
    };
    const bounds = { maxBytes: MAX_PAGE_BYTES, shortenBy: SHORTEN_BY };
    const request = { type, method: 'GET', url, headers, body: undefined, ...bounds } as const;
    const answered = await this.#requests.send(request, signal);
    if (!isTokenRefused(answered)) return answered;
    await unlessAborted(this.#tokens.after(token), signal);
    return await this.#requests.send(request, signal);
  }
}

function isTokenRefused(answered: Answered): boolean {
  return answered.status === 401 || (answered.status >= 400 && BAD_TOKEN.has(saidBy(answered).code));
}

/** Who gives up does not end what others wait for. */
function unlessAborted<T>(wanted: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const abort = (): void => reject(new LoadError('load_failed', 'the request was given up'));
    if (signal.aborted) abort();
    signal.addEventListener('abort', abort, { once: true });
    wanted.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort));
  });
}
