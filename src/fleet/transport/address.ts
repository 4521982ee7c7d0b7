// Peers by an address for each index: container networking, a StatefulSet, ports counted up on one machine.

import type { LookupFunction } from 'node:net';
import type { Identity } from '../identity.ts';
import type { Place } from '../link.ts';
import { INDEX_FORM, indicesUpTo, type PeerTransport, withoutSlash } from './transport.ts';

export interface AddressParts {
  /** With one or more `{index}`. */
  readonly url: string;
  readonly ownIndex: string;
  readonly lookup: LookupFunction;
}

const PREFIX = 'index:';
const PORT_IS_INDEX = /:\d*\{index\}/;

export function createAddressTransport(parts: AddressParts): PeerTransport {
  const { ownIndex } = parts;
  const template = withoutSlash(parts.url);
  const own = INDEX_FORM.test(ownIndex) ? PREFIX + ownIndex : undefined;

  const urlOf = (place: Place): string => template.replaceAll('{index}', place.slice(PREFIX.length));
  // Ports counted up come to an end: 710{index} is none from index 10 on.
  const isPlace = (place: Place): boolean =>
    place.startsWith(PREFIX) && INDEX_FORM.test(place.slice(PREFIX.length)) && URL.canParse(urlOf(place));

  return {
    kind: 'address',
    own,
    problem: undefined,
    tls: template.startsWith('https:'),
    serverName: undefined,
    lookup: parts.lookup,
    hostIsInstance: true,
    portIsInstance: PORT_IS_INDEX.test(template),
    route: undefined,
    find: async (highestIndex) =>
      indicesUpTo(highestIndex)
        .map((index) => PREFIX + index)
        .filter((place) => place !== own && isPlace(place)),
    placeOf: ({ index }) => (isPlace(PREFIX + index) ? PREFIX + index : undefined),
    isPlace,
    request: (place) => {
      if (!isPlace(place)) throw new TypeError('this is no index with an address');
      return { url: urlOf(place), headers: {} };
    },
    // Who was not told its index is not contradicted by any.
    fits: (place, { index }: Identity) => index === place.slice(PREFIX.length) || index === '-',
    heard: () => {},
    describe: (place) => `instance ${place.slice(PREFIX.length)} at ${urlOf(place)}`,
  };
}
