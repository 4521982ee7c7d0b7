// Host names to addresses: A records first, as the platform's own names have no others, and its name server answers
// them without a thread of the pool that files are read with; then as the system does it, with /etc/hosts and search
// domains.

import { lookup as systemLookup } from 'node:dns';
import type { LookupFunction } from 'node:net';

export type Resolve4 = (host: string) => Promise<readonly string[]>;

/** `system`: the other way; its own, unless a test has another. */
export function lookupBy(resolve4: Resolve4, system: LookupFunction = systemLookup): LookupFunction {
  return (host, options, callback) => {
    resolve4(host).then(
      ([first, ...others]) => {
        if (first === undefined) system(host, options, callback);
        else if (options.all)
          callback(
            null,
            [first, ...others].map((address) => ({ address, family: 4 })),
          );
        else callback(null, first, 4);
      },
      () => system(host, options, callback),
    );
  };
}
