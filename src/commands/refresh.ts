// `sidecache refresh [CACHE…]`: marks entries old; the old values are served until new ones are in.

import { type Arguments, flag } from './arguments.ts';
import { confirmEverywhere } from './confirmation.ts';
import type { Host } from './host.ts';
import { selectionRequest } from './selection.ts';

export async function refresh(args: Arguments, host: Host): Promise<number> {
  const more = flag(args, 'wait') ? ['wait=loaded'] : [];
  return confirmEverywhere(selectionRequest('/cache/refresh', args, more), args, host);
}
