// What was asked of the fake cloud: one line a request, and how many were under way at once.

export const REQUEST_TYPES = [
  'root',
  'token',
  'organizations',
  'spaces',
  'apps',
  'domains',
  'routes',
  'processes',
  'stats',
  'other',
] as const;
export type RequestType = (typeof REQUEST_TYPES)[number];

export interface AskedRequest {
  readonly type: RequestType;
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  /** By the cloud's clock, at its arrival. */
  readonly atMs: number;
  readonly authorization: 'none' | 'basic' | 'bearer' | 'other';
  /** Of the answer; undefined: none was given yet, or never. */
  status: number | undefined;
}

export function typeOf(path: string): RequestType {
  if (path === '/') return 'root';
  if (path === '/uaa/oauth/token') return 'token';
  const [, version, kind = '', , under] = path.split('/');
  const named = under === undefined ? kind : under;
  return version === 'v3' ? (REQUEST_TYPES.find((type) => type === named) ?? 'other') : 'other';
}

export function authorizationKind(header: string | undefined): AskedRequest['authorization'] {
  if (header === undefined) return 'none';
  const scheme = header.split(' ', 1)[0]?.toLowerCase();
  return scheme === 'basic' || scheme === 'bearer' ? scheme : 'other';
}
