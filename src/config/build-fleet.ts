// Effective values → what the fleet is made from.

import { type FleetConfig, OPEN_PATHS, PERMISSIONS } from './config.ts';
import { operatorsOf } from './operators.ts';
import { peersOf } from './peers.ts';
import type { Values } from './values.ts';
import type { Application } from './vcap.ts';

/** Undefined where nothing listens: without a listener there is no fleet. */
export function buildFleet(
  values: Values,
  application: Application | { problem: string },
): FleetConfig | undefined {
  const listen = values.address('fleet.listen');
  if (listen === undefined) return undefined;
  return {
    listen,
    // A token that is brought in under two names is one.
    tokens: [...new Set(values.list('fleet.token'))],
    operators: operatorsOf(values),
    allow: chosen(PERMISSIONS, values.list('fleet.allow')),
    open: chosen(OPEN_PATHS, values.list('fleet.open')),
    insecure: values.flag('fleet.insecure'),
    tls: buildTls(values),
    caFile: values.optionalText('fleet.tls.ca'),
    syncMs: values.number('fleet.sync'),
    appName: 'problem' in application ? undefined : application.appName,
    peers: peersOf(values, application),
  };
}

function buildTls(values: Values): FleetConfig['tls'] {
  const [cert, key] = [values.optionalText('fleet.tls.cert'), values.optionalText('fleet.tls.key')];
  return cert === undefined || key === undefined ? undefined : { cert, key };
}

/** In the order of `all`, each once. */
function chosen<Choice extends string>(all: readonly Choice[], listed: readonly string[]): Choice[] {
  return all.filter((choice) => listed.includes(choice));
}
