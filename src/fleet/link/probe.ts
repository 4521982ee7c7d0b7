// What the probe of the own place came to, in words, and the command that mends it.

import type { Identity } from '../identity.ts';
import type { Place } from '../link.ts';
import type { PeerTransport } from '../transport/transport.ts';
import type { Failure } from './failure.ts';

export type Probe =
  | {
      readonly ok: true;
      /** Why nothing was asked. */
      readonly note?: string;
    }
  | {
      readonly ok: false;
      /** A sentence. */
      readonly problem: string;
      /** What to do: a command, and when it is the right one. */
      readonly mend: string;
    };

export interface ProbeContext {
  readonly transport: PeerTransport;
  /** Own place. */
  readonly place: Place;
  readonly self: Identity;
  readonly appName: string | undefined;
  readonly port: number;
}

/** `found`: somebody else's identity, or why nobody answered. */
export function advise(found: Identity | Failure, context: ProbeContext): Probe {
  if (!('result' in found)) return somebodyElse(found, context);
  const { transport } = context;
  const mend = transport.kind === 'gorouter' ? mendRoute(found, context) : mendAddress(found, context);
  return { ok: false, problem: `this instance cannot reach itself the way peers do: ${found.why}`, mend };
}

function somebodyElse(identity: Identity, { transport, place, self }: ProbeContext): Probe {
  const at = transport.describe(place);
  const who = `index ${identity.index}, instance ${identity.instanceId}`;
  if (transport.fits(place, identity)) {
    const isNamesake = identity.index === self.index;
    const problem = `${at} is another one with this index: ${who}`;
    const mend = isNamesake
      ? 'During a rolling deploy this passes by itself; if it stays, two instances are started with one index.'
      : 'The address in fleet.peers must lead to the instance with the index that stands in it.';
    return { ok: false, problem, mend };
  }
  const mend =
    transport.problem ??
    (transport.kind === 'gorouter'
      ? 'The header that picks the instance does not arrive at the router: a proxy or a route service takes it away.'
      : 'The address in fleet.peers must lead to the instance with the index that stands in it.');
  return { ok: false, problem: `${at} was asked, and another one answered: ${who}`, mend };
}

function mendRoute({ result }: Failure, context: ProbeContext): string {
  const { appName: app = 'APP', port } = context;
  const map = mapCommands(context);
  switch (result) {
    case 'no-route':
      return `Map the route to the daemon's port and start the app again: ${map}; cf restart ${app} --strategy rolling`;
    case 'unlisted':
      return (
        'Right after the start this passes by itself. Else the route does not lead to this app, or it was mapped ' +
        `after the app was started: ${map}; cf restart ${app} --strategy rolling`
      );
    case 'foreign':
      return (
        `The route leads to the app's own port, or to another program, and must lead to port ${port} alone, ` +
        `on a host of its own: ${map}; cf restart ${app} --strategy rolling`
      );
    case 'refused':
      return 'A daemon answers that has another fleet.token: give all instances the same, and this app a route of its own.';
    default:
      return (
        `The route must lead to port ${port}, and the daemon must listen there on 0.0.0.0 (fleet.listen): ` +
        `${map}; cf restart ${app} --strategy rolling`
      );
  }
}

/** A route with a path is beyond the script. */
function mapCommands({ transport, place, appName: app = 'APP', port }: ProbeContext): string {
  const { hostname, pathname } = new URL(transport.request(place).url);
  const { host, domain } = splitHost(hostname);
  const map = `cf map-route ${app} ${domain} --hostname ${host}`;
  if (pathname !== '/') return `${map} --path ${pathname} --app-port ${port}`;
  return `scripts/cf-route ${app} ${host} --domain ${domain} --port ${port} (or ${map} --app-port ${port})`;
}

function mendAddress({ result }: Failure, context: ProbeContext): string {
  const { transport, place, appName: app = 'APP', port } = context;
  const { hostname } = new URL(transport.request(place).url);
  const { host, domain } = splitHost(hostname.replace(/^[0-9]+\./, ''));
  const onPlatform = context.appName !== undefined;
  switch (result) {
    case 'unlisted':
      if (transport.portIsInstance)
        return `The address of this instance's index in fleet.peers must have the port of fleet.listen, ${port}.`;
      if (!onPlatform)
        return `No address is registered for ${hostname}: check fleet.peers and the name server.`;
      return `Right after the start this passes by itself. Else map the internal route: cf map-route ${app} ${domain} --hostname ${host}`;
    case 'refused':
      return 'A daemon answers that has another fleet.token: give all instances the same.';
    case 'foreign':
      return `Another program answers there: the address in fleet.peers must have the port of fleet.listen, ${port}.`;
    default:
      if (!onPlatform)
        return `Port ${port} must be open between peers, and fleet.listen must be 0.0.0.0:${port}.`;
      return `Peers need a network policy, also to themselves: cf add-network-policy ${app} ${app} --protocol tcp --port ${port}`;
  }
}

function splitHost(hostname: string): { host: string; domain: string } {
  const [host = '', ...domain] = hostname.split('.');
  return { host, domain: domain.join('.') };
}
