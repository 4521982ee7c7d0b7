// `sidecache invalidate [CACHE…]`: the instance forgets, and says so; the report has room for more than one.

import type { Arguments } from './arguments.ts';
import { confirmEverywhere } from './confirmation.ts';
import type { Host } from './host.ts';
import { selectionRequest } from './selection.ts';

export async function invalidate(args: Arguments, host: Host): Promise<number> {
  return confirmEverywhere(selectionRequest('/cache/invalidate', args), args, host);
}
