// A list cut into pages, with the links to the others.

import type { Body } from './bodies.ts';
import type { Query } from './query.ts';

/** `at` is the list's URL without a query; the links repeat the query with another page. */
export function pageOf<T>(
  at: string,
  params: URLSearchParams,
  { page, perPage }: Query,
  found: readonly T[],
  bodyOf: (record: T) => Body,
): Body {
  const pages = Math.max(1, Math.ceil(found.length / perPage));
  const link = (n: number): Body => {
    const query = new URLSearchParams(params);
    query.set('page', String(n));
    query.set('per_page', String(perPage));
    query.sort();
    return { href: `${at}?${query}` };
  };
  return {
    pagination: {
      total_results: found.length,
      total_pages: pages,
      first: link(1),
      last: link(pages),
      next: page < pages ? link(page + 1) : null,
      previous: page > 1 ? link(page - 1) : null,
    },
    resources: found.slice((page - 1) * perPage, page * perPage).map(bodyOf),
  };
}
