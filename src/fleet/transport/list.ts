// Peers by a list of URLs, the same on every instance; which one is the own is found by asking.

import type { Place } from '../link.ts';
import { type PeerTransport, withoutSlash } from './transport.ts';

export function createListTransport(urls: readonly string[]): PeerTransport {
  const places: ReadonlySet<Place> = new Set(urls.map(withoutSlash));
  let own: Place | undefined;
  return {
    kind: 'list',
    get own(): Place | undefined {
      return own;
    },
    problem: undefined,
    tls: urls.some((url) => url.startsWith('https:')),
    serverName: undefined,
    lookup: undefined,
    hostIsInstance: false,
    portIsInstance: false,
    route: undefined,
    find: async () => [...places].filter((place) => place !== own),
    placeOf: () => undefined,
    isPlace: (place) => places.has(place),
    request: (place) => {
      if (!places.has(place)) throw new TypeError('this is no URL of the list');
      return { url: place, headers: {} };
    },
    fits: () => true,
    heard: (place, sign) => {
      if (sign === 'own') own = place;
    },
    describe: (place) => place,
  };
}
