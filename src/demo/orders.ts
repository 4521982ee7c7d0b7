// What can be typed where a demo fleet runs: instances come and go, and the way between them breaks and mends.

import type { DemoFleet } from './fleet.ts';
import type { DemoInstance } from './instance.ts';

export type Obeyed =
  | { readonly result: 'instance'; readonly instance: DemoInstance }
  | { readonly result: 'said'; readonly said: string }
  | { readonly result: 'list' | 'quit' | 'unknown' };

type Act = (fleet: DemoFleet, instance: DemoInstance) => unknown;

const OF_AN_INSTANCE: Readonly<Record<string, Act>> = {
  // Why it does not start is told by then.
  start: (fleet, instance) => fleet.start(instance).catch(() => undefined),
  stop: (fleet, instance) => fleet.stop(instance),
  kill: (fleet, instance) => fleet.kill(instance),
  pause: (_fleet, instance) => instance.pause(),
  resume: (_fleet, instance) => instance.resume(),
};

const OF_THE_ROUTER: Readonly<Record<string, (fleet: DemoFleet) => string>> = {
  route: (fleet) => {
    fleet.unmapRoute();
    return 'the route is gone: nobody is reached through the router, you neither';
  },
  strip: (fleet) => {
    fleet.router.faults.stripsAddressing = true;
    return 'addressing headers are lost on the way: each request reaches whoever is next';
  },
  forget: (fleet) => {
    fleet.router.faults.forgetsInstances = true;
    return 'the router knows the route, and none of the instances by index';
  },
  none: () => 'the router is well',
};

export async function obey(order: string, fleet: DemoFleet): Promise<Obeyed> {
  const [verb = '', object = '', ...more] = order.trim().split(/\s+/);
  if (more.length > 0) return { result: 'unknown' };
  if (object === '') return { result: verb === 'list' || verb === 'quit' ? verb : 'unknown' };
  if (verb === 'fault') return faulted(object, fleet);
  const act = Object.hasOwn(OF_AN_INSTANCE, verb) ? OF_AN_INSTANCE[verb] : undefined;
  if (act === undefined && verb !== 'twin') return { result: 'unknown' };
  const instance = fleet.instance(object);
  if (instance === undefined) return { result: 'said', said: `there is no instance ${object}` };
  if (act === undefined) return { result: 'instance', instance: await fleet.twinOf(instance) };
  await act(fleet, instance);
  return { result: 'instance', instance };
}

/** With an instance that there is. */
export function ordersFor({ instances }: DemoFleet): readonly (readonly [order: string, says: string])[] {
  const count = instances.length;
  const name = instances[Math.floor(count / 2)]?.name;
  return [
    [`pause ${name}`, `it hangs: a call then says ${count - 1}/${count}, and it is told when it goes on`],
    [`resume ${name}`, 'it goes on'],
    [`kill ${name}`, 'it is gone without a word; the others count it until it was silent for six seconds'],
    [`stop ${name}`, 'it says farewell, and is no longer counted'],
    [`start ${name}`, 'another one in its place'],
    [`twin ${name}`, 'a second process with the same index, as in a rolling deploy'],
    ['fault strip', 'the router loses the addressing headers; also: forget, route (gone), none'],
    ['list', 'who runs'],
    ['quit', 'the end, as Ctrl-C'],
  ];
}

/** One fault at a time: the one before is mended. */
function faulted(name: string, fleet: DemoFleet): Obeyed {
  const fault = Object.hasOwn(OF_THE_ROUTER, name) ? OF_THE_ROUTER[name] : undefined;
  if (fault === undefined) return { result: 'unknown' };
  fleet.mapRoute();
  Object.assign(fleet.router.faults, { stripsAddressing: false, forgetsInstances: false });
  return { result: 'said', said: fault(fleet) };
}
