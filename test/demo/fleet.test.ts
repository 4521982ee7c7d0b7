// The demo fleet: what daemons are given, who the router knows, and what is left when it ends.

import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { DemoFleet, type FleetOptions } from '../../src/demo/fleet.ts';
import type { DemoInstance } from '../../src/demo/instance.ts';
import { obey, ordersFor } from '../../src/demo/orders.ts';
import { ask, askJson } from './asking.ts';
import { type FakeProgram, failingProgram, listeningProgram } from './fake-serve.ts';

const test = suite('demo fleet');

interface Death {
  readonly name: string;
  readonly how: string;
}

/** A test with a fleet of programs that only listen. */
function running(
  name: string,
  body: (fleet: DemoFleet, deaths: Deaths) => Promise<void>,
  options: Partial<FleetOptions> = {},
  program: () => FakeProgram = listeningProgram,
): void {
  test(name, async () => {
    const { command, remove } = program();
    const deaths = new Deaths();
    const fleet = await DemoFleet.start({
      indices: [0, 1, 2],
      transport: 'gorouter',
      routerPort: 0,
      program: { command, env: { PATH: process.env.PATH, SIDECACHE_HTTP: 'not-for-them' } },
      onDeath: (instance, how) => deaths.add({ name: instance.name, how }),
      ...options,
    });
    await body(fleet, deaths).finally(() => fleet.close());
    remove();
    assert.not(existsSync(fleet.folder));
    for (const { pid } of fleet.instances) assert.is(pid, undefined);
  });
}

class Deaths {
  readonly all: Death[] = [];
  #told: () => void = () => undefined;

  add(death: Death): void {
    this.all.push(death);
    this.#told();
  }

  async first(): Promise<Death> {
    if (this.all.length === 0) {
      await new Promise<void>((resolve) => {
        this.#told = resolve;
      });
    }
    return this.all[0]!;
  }
}

running('each daemon has the environment that the platform would give it', async (fleet) => {
  const [a, b] = await Promise.all(['0', '2'].map((name) => whoIs(fleet.instance(name)!)));
  assert.equal([a.index, b.index], ['0', '2']);
  assert.equal(a.argv, ['serve']);
  assert.is(a.foreign, null, 'nothing of another daemon is passed on');
  assert.is(a.PORT, String(fleet.instance('0')!.app.port));
  assert.is(a.vcap.application_id, b.vcap.application_id);
  assert.is(a.vcap.process_id, b.vcap.process_id);
  assert.is(a.vcap.instance_index, 0);
  assert.equal(a.vcap.application_uris, [new URL(fleet.router.url).host]);
  assert.is(a.guid, fleet.instance('0')!.instanceId);
  assert.is.not(a.guid, b.guid);
});

running(
  'they share the peers’ token, which is not the operator’s, and find each other through the router',
  async (fleet) => {
    const [a, b] = await Promise.all(['0', '2'].map((name) => whoIs(fleet.instance(name)!)));
    assert.equal(a.fleet.token, b.fleet.token);
    assert.equal(a.fleet.operators, [{ token: fleet.operatorToken }]);
    assert.is.not(a.fleet.token[0], fleet.operatorToken);
    assert.equal(a.fleet.peers, { gorouter: fleet.router.url });
    assert.is(statSync(join(fleet.instance('0')!.folder, 'sidecache.json')).mode & 0o777, 0o600);
  },
);

running('the router reaches each by its index, and any without', async (fleet) => {
  for (const { index, instanceId } of fleet.instances) {
    assert.is((await through(fleet, index)).guid, instanceId);
  }
  const reached = [];
  for (let n = 0; n < 3; n++) reached.push((await askJson(fleet.router.url)).index);
  assert.equal(reached.sort(), ['0', '1', '2']);
});

running(
  'indices may have gaps',
  async (fleet) => {
    assert.equal(
      fleet.instances.map(({ name }) => name),
      ['0', '2', '3'],
    );
    assert.is((await asked(fleet, 1)).status, 400);
    assert.is((await through(fleet, 3)).index, '3');
  },
  { indices: [0, 2, 3] },
);

running(
  'with the list transport each is told the address of all',
  async (fleet) => {
    const { fleet: said } = await whoIs(fleet.instance('1')!);
    const urls = fleet.instances.map(({ fleetPort }) => `http://127.0.0.1:${fleetPort}`);
    assert.equal(said.peers, { list: urls });
  },
  { transport: 'list' },
);

running(
  'with the address transport the index in the port leads to each',
  async (fleet) => {
    const { fleet: said } = await whoIs(fleet.instance('2')!);
    for (const index of [0, 2]) {
      assert.is((await askJson(said.peers.address.replace('{index}', String(index)))).index, String(index));
    }
  },
  { transport: 'address', indices: [0, 2] },
);

running(
  'one that cannot start is said with its reason, and the others go on',
  async (fleet, deaths) => {
    assert.is(deaths.all.length, 1);
    assert.is(deaths.all[0]?.name, '1');
    assert.match(deaths.all[0]!.how, /^exit code 2: .*no wish to/);
    assert.not.match(deaths.all[0]!.how, 'starting');
    assert.is(fleet.instance('1')?.state, 'down');
    assert.is((await through(fleet, 2)).index, '2');
    assert.match(readFileSync(fleet.instance('1')!.log, 'utf8'), 'no wish to');
  },
  {},
  failingProgram,
);

running(
  'one that ends by itself is said, stays known to the router, and can be started again',
  async (fleet, deaths) => {
    const instance = fleet.instance('1')!;
    await ask(`http://127.0.0.1:${instance.fleetPort}/die`).catch(() => undefined);
    assert.equal(await deaths.first(), { name: '1', how: 'exit code 7' });
    const { status, headers } = await asked(fleet, 1);
    assert.is(status, 502);
    assert.match(String(headers['x-cf-routererror']), 'connection refused');
    const before = instance.instanceId;
    assert.equal(await obey('start 1', fleet), { result: 'instance', instance });
    assert.is.not(instance.instanceId, before);
    assert.is((await through(fleet, 1)).guid, instance.instanceId);
  },
);

running('stopped it is not known any more; killed it is, and does not answer', async (fleet, deaths) => {
  await obey('stop 0', fleet);
  await obey('kill 1', fleet);
  assert.equal([(await asked(fleet, 0)).status, (await asked(fleet, 1)).status], [400, 502]);
  assert.equal(
    fleet.instances.map(({ state }) => state),
    ['down', 'down', 'up'],
  );
  assert.equal(deaths.all, [], 'nobody is told of what was asked for');
});

running('paused it takes connections and does not answer, until it is resumed', async (fleet) => {
  await obey('pause 1', fleet);
  assert.is(fleet.instance('1')?.state, 'paused');
  const url = `http://127.0.0.1:${fleet.instance('1')!.fleetPort}`;
  let answered = false;
  const waiting = askJson(url).then((said) => {
    answered = true;
    return said;
  });
  await through(fleet, 0);
  assert.not(answered);
  await obey('resume 1', fleet);
  assert.is((await waiting).index, '1');
});

running('a twin has the same index and another process', async (fleet) => {
  const obeyed = await obey('twin 1', fleet);
  assert.is(obeyed.result, 'instance');
  const twin = fleet.instance('1-twin')!;
  assert.is((await through(fleet, 1)).guid, twin.instanceId, 'the app header reaches the last registered');
  for (const one of [fleet.instance('1')!, twin]) {
    const headers = { 'X-CF-PROCESS-INSTANCE': `${one.processGuid}:1` };
    assert.is((await askJson(fleet.router.url, { headers })).guid, one.instanceId);
  }
  await obey('twin 1', fleet);
  assert.is(fleet.instances.length, 4);
});

running('the way can be broken and mended', async (fleet) => {
  await obey('fault forget', fleet);
  assert.is((await asked(fleet, 0)).status, 400);
  await obey('fault strip', fleet);
  assert.is((await asked(fleet, 77)).status, 200);
  await obey('fault forget', fleet);
  assert.is((await asked(fleet, 0)).status, 400, 'one at a time');
  await obey('fault route', fleet);
  assert.is((await ask(fleet.router.url)).status, 404);
  await obey('fault none', fleet);
  assert.is((await through(fleet, 0)).index, '0');
  assert.is((await asked(fleet, 77)).status, 400);
});

running('orders that nobody knows do nothing', async (fleet) => {
  for (const order of ['', 'dance', 'stop', 'stop 1 2', 'toString 1', 'fault', 'fault toString']) {
    assert.equal(await obey(order, fleet), { result: 'unknown' }, order);
  }
  assert.equal(await obey('stop 9', fleet), { result: 'said', said: 'there is no instance 9' });
  for (const [order] of ordersFor(fleet)) {
    assert.is.not((await obey(order, fleet)).result, 'unknown', order);
  }
});

// biome-ignore lint/suspicious/noExplicitAny: what the program says is asserted on, not relied upon
function whoIs({ fleetPort }: DemoInstance): Promise<any> {
  return askJson(`http://127.0.0.1:${fleetPort}`);
}

async function asked(fleet: DemoFleet, index: number): ReturnType<typeof ask> {
  const { application_id } = (await whoIs(fleet.instances.find(({ state }) => state === 'up')!)).vcap;
  return ask(fleet.router.url, { headers: { 'X-CF-APP-INSTANCE': `${application_id}:${index}` } });
}

// biome-ignore lint/suspicious/noExplicitAny: what the program says is asserted on, not relied upon
async function through(fleet: DemoFleet, index: number): Promise<any> {
  const { status, body } = await asked(fleet, index);
  assert.is(status, 200, body);
  return JSON.parse(body);
}

test.run();
