// Peers through the Cloud Foundry router: a header picks the instance, of one process where the router knows that
// header (routing-release 0.332), else of the app. Both are remembered by what comes back: a router, or a proxy before
// it, that does not know a header sends the request to anybody. Then asking more would only reach more of anybody.

import type { Clock } from '../../cache/clock.ts';
import type { Identity } from '../identity.ts';
import type { Place } from '../link.ts';
import {
  INDEX_FORM,
  indicesUpTo,
  type PeerTransport,
  type PlaceRequest,
  type Sign,
  withoutSlash,
} from './transport.ts';

export interface GorouterParts {
  readonly url: string;
  readonly appGuid: string;
  /** Empty where the platform does not tell. */
  readonly processGuid: string;
  readonly ownIndex: string;
  readonly clock: Clock;
}

const PROCESS_HEADER = 'X-CF-PROCESS-INSTANCE';
const APP_HEADER = 'X-CF-APP-INSTANCE';
const GUID = /^[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$/;

/** Whoever is there: to see whether anybody is. */
const ROUTE: Place = 'route';

/** A router that is replaced may know the header then. */
const TRY_AGAIN_MS = 600_000;

interface Parsed {
  readonly by: 'process' | 'app';
  readonly guid: string;
  readonly index: string;
}

type Known = 'unknown' | 'yes' | 'no';

export function createGorouterTransport(parts: GorouterParts): PeerTransport {
  const { appGuid, processGuid, ownIndex, clock } = parts;
  const url = withoutSlash(parts.url);
  const host = new URL(url).host;
  const hasIndex = INDEX_FORM.test(ownIndex);
  let processHeader: Known = 'unknown';
  let noProcessHeaderSinceMs = 0;
  let appHeaderStripped = false;

  const usesProcess = (): boolean => {
    if (processHeader === 'no' && clock.now() - noProcessHeaderSinceMs >= TRY_AGAIN_MS)
      processHeader = 'unknown';
    return GUID.test(processGuid) && processHeader !== 'no';
  };

  const processPlace = (index: number | string): Place => `process:${processGuid}:${index}`;
  const appPlace = (index: number | string): Place => `app:${appGuid}:${index}`;

  const own = (): Place | undefined => {
    if (!hasIndex) return undefined;
    return usesProcess() ? processPlace(ownIndex) : appPlace(ownIndex);
  };

  const find = async (highestIndex: number): Promise<readonly Place[]> => {
    const indices = indicesUpTo(highestIndex).filter((index) => String(index) !== ownIndex);
    const byProcess = usesProcess() ? indices.map(processPlace) : [];
    // An index that is surely not there: once the header arrives again, the router says so, and not anybody.
    if (appHeaderStripped) return [...byProcess, ...indices.slice(-1).map(appPlace)];
    return [...byProcess, ...indices.map(appPlace), ...twinPlace()];
  };

  /** During a rolling deploy the app header may lead to an instance of the other process with the own index. */
  const twinPlace = (): Place[] =>
    hasIndex && processHeader === 'yes' && usesProcess() ? [appPlace(ownIndex)] : [];

  const placeOf = (identity: Identity): Place | undefined => {
    if (!INDEX_FORM.test(identity.index)) return undefined;
    const byProcess = usesProcess() && GUID.test(identity.process);
    return byProcess ? `process:${identity.process}:${identity.index}` : appPlace(identity.index);
  };

  const parse = (place: Place): Parsed | undefined => {
    const [by, guid = '', index = '', ...more] = place.split(':');
    if (more.length > 0 || !GUID.test(guid) || !INDEX_FORM.test(index)) return undefined;
    if (by === 'process') return { by, guid, index };
    return by === 'app' && guid === appGuid ? { by, guid, index } : undefined;
  };

  const heard = (place: Place, sign: Sign): void => {
    const by = parse(place)?.by;
    if (by === 'process') heardOfProcess(sign);
    if (by !== 'app') return;
    // That somebody fits may be chance; that the router does not know an index is not.
    if (sign === 'misfit') appHeaderStripped = true;
    else if (sign === 'unlisted') appHeaderStripped = false;
  };

  const heardOfProcess = (sign: Sign): void => {
    // While it is known not to be understood, the other header was sent.
    if (sign === 'unlisted' && processHeader !== 'no') processHeader = 'yes';
    if (sign !== 'misfit') return;
    processHeader = 'no';
    noProcessHeaderSinceMs = clock.now();
  };

  return {
    kind: 'gorouter',
    tls: url.startsWith('https:'),
    serverName: undefined,
    lookup: undefined,
    hostIsInstance: false,
    portIsInstance: false,
    route: ROUTE,
    get own(): Place | undefined {
      return own();
    },
    get problem(): string | undefined {
      return appHeaderStripped ? strippedOn(host) : undefined;
    },
    find,
    placeOf,
    isPlace: (place) => parse(place) !== undefined,
    request: (place): PlaceRequest => {
      if (place === ROUTE) return { url, headers: {} };
      const { by, guid, index } = known(parse(place));
      // A router that does not know the header of processes may lead there by that of the app.
      if (by === 'process' && processHeader !== 'no')
        return { url, headers: { [PROCESS_HEADER]: `${guid}:${index}` } };
      return { url, headers: { [APP_HEADER]: `${appGuid}:${index}` } };
    },
    fits: (place, identity) => {
      if (place === ROUTE) return true;
      const { by, guid, index } = known(parse(place));
      return identity.index === index && (by === 'app' || identity.process === guid);
    },
    heard,
    describe: (place) => {
      if (place === ROUTE) return host;
      const { by, guid, index } = known(parse(place));
      return `instance ${index} of ${by === 'app' ? 'the app' : `process ${guid}`} on ${host}`;
    },
  };
}

function strippedOn(host: string): string {
  return (
    `${APP_HEADER} does not arrive at the router of ${host}: instances answer that were not asked. ` +
    'A proxy, or a route service, on the way takes it away; let it pass, or let peers find each other by ' +
    'fleet.peers.address or dns.'
  );
}

function known(parsed: Parsed | undefined): Parsed {
  if (parsed === undefined) throw new TypeError('this is no place behind this router');
  return parsed;
}
