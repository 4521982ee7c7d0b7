// Which permission a request over the fleet listener needs, by the path that it is routed by.

/** As `fleet.allow` names them. */
export type Permission = 'invalidate' | 'refresh' | 'metrics' | 'peers' | 'discovery' | 'values' | 'events';

/** As `fleet.open` names them. */
export type OpenPath = 'metrics' | 'healthz' | 'readyz';

/** `nothing`: valid credentials are enough. */
const PERMISSIONS: ReadonlyMap<string, Permission | 'nothing'> = new Map([
  ['/cache/invalidate', 'invalidate'],
  ['/cache/refresh', 'refresh'],
  ['/api/v1/refresh', 'refresh'],
  ['/metrics', 'metrics'],
  ['/peers', 'peers'],
  ['/discovery', 'discovery'],
  ['/caches', 'values'],
  ['/events', 'events'],
  ['/healthz', 'nothing'],
  ['/readyz', 'nothing'],
]);
/** Reading them changes nothing, and loads nothing. */
const HARMLESS: readonly string[] = ['metrics', 'peers', 'nothing'];

/**
 * Undefined: a path that is not known here is served to nobody, whatever a router behind may make of it. Paths are
 * compared as they came, as the router does: nothing is decoded, joined or put in lower case.
 */
export function permissionOf(path: string): Permission | 'nothing' | undefined {
  return path.startsWith('/caches/') ? 'values' : PERMISSIONS.get(path);
}

/** Whether a page of another site could do harm with it, even where it cannot read the answer. */
export function mayDoHarm(permission: Permission | 'nothing', method: string | undefined): boolean {
  return !HARMLESS.includes(permission) || (method !== 'GET' && method !== 'HEAD');
}

export function isOpen(open: readonly OpenPath[], path: string, method: string | undefined): boolean {
  return (method === 'GET' || method === 'HEAD') && open.some((name) => path === `/${name}`);
}
