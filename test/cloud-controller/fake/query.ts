// The query of a list: filters, page and its size, as the API's documentation describes them.

import { badQueryParameter } from './api-error.ts';

export interface Query {
  readonly page: number;
  readonly perPage: number;
  /** By parameter; a filter that was not given is not there. */
  readonly filters: ReadonlyMap<string, readonly string[]>;
}

/** Taken, and without a meaning here. */
const WITHOUT_EFFECT = ['order_by', 'include', 'label_selector', 'created_ats', 'updated_ats'];

/**
 * A comma parts the entries of a list; one within an entry is percent-encoded, and all of it once more, as any value
 * (a name `a,b` is sent as `a%252Cb`). Throws ApiError.
 */
export function parseQuery(params: URLSearchParams, allowed: readonly string[]): Query {
  const valid = ['page', 'per_page', ...WITHOUT_EFFECT, ...allowed];
  const unknown = [...params.keys()].filter((name) => !valid.includes(name));
  if (unknown.length > 0) {
    throw badQueryParameter(
      `Unknown query parameter(s): '${unknown.join("', '")}'. Valid parameters are: '${valid.join("', '")}'`,
    );
  }
  const filters = new Map<string, readonly string[]>();
  for (const name of allowed) {
    const value = params.get(name);
    if (value !== null) filters.set(name, value.split(/,\s*/).map(entry));
  }
  const page = wholeNumber(params.get('page') ?? '1');
  if (!(page >= 1)) throw badQueryParameter('Page must be greater than 0');
  const perPage = wholeNumber(params.get('per_page') ?? '50');
  if (!(perPage >= 1 && perPage <= 5000)) throw badQueryParameter('Per page must be between 1 and 5000');
  return { page, perPage, filters };
}

function entry(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function wholeNumber(text: string): number {
  return /^[0-9]{1,9}$/.test(text) ? Number(text) : Number.NaN;
}
