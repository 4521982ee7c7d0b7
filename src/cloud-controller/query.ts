// The query of a list: its path and its filters.

/** Filter → values; a list of several values, of which any may match. */
export type Filters = Readonly<Record<string, readonly string[]>>;

/**
 * A comma parts values, and the API unescapes each value by itself after the query was: one within a value is escaped
 * twice, and so is all else that an escape could be taken for. Source: cloud_controller_ng, BaseMessage.to_array!.
 */
export function listUrl(api: URL, path: string, filters: Filters): URL {
  const url = new URL(path, api);
  for (const [name, values] of Object.entries(filters)) {
    url.searchParams.set(name, values.map(encodeURIComponent).join(','));
  }
  return url;
}
