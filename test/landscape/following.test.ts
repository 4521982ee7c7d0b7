// A landscape that changes at random, and discovery that is told of each change: it lists what there is then.

import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { FakeCloud } from '../cloud-controller/fake/fake-cloud.ts';
import type { ApplicationRecord } from '../cloud-controller/fake/records.ts';
import { seededRandom } from '../store/seeded-random.ts';
import { type Entry, inLab, type LandscapeLab } from './landscape-lab.ts';

const test = suite('following');

const STEPS = 60;
const DOMAIN = 'apps.example.org';

/** `cache key`, or `cache` for the whole of it. */
type Told = string;

class World {
  readonly #cloud: FakeCloud;
  readonly #random: () => number;
  #made = 0;

  constructor(cloud: FakeCloud, seed: number) {
    this.#cloud = cloud;
    this.#random = seededRandom(seed);
    for (let i = 0; i < 4; i++) this.addOrganization();
    for (let i = 0; i < 8; i++) this.addSpace();
    for (let i = 0; i < 20; i++) this.addApplication();
  }

  /** Changes something; what is to be told. */
  change(): Told {
    const changes = [
      () => this.addOrganization(),
      () => this.addSpace(),
      () => this.addApplication(),
      () => this.addApplication(),
      () => this.scale(),
      () => this.stopOrStart(),
      () => this.rename(),
      () => this.move(),
      () => this.remove(),
      () => this.removeOrganization(),
    ];
    return this.#one(changes)();
  }

  addOrganization(): Told {
    this.#cloud.addOrganization(this.#name('Org'));
    return 'org';
  }

  addSpace(): Told {
    const organization = this.#one([...this.#cloud.organizations.values()]);
    this.#cloud.addSpace(organization, this.#name('Space'));
    return `space ${key(organization.name)}/*`;
  }

  addApplication(): Told {
    const space = this.#one([...this.#cloud.spaces.values()]);
    const name = this.#name('App');
    const instances = Math.floor(this.#random() * 4);
    this.#cloud.addApplication(space, {
      name,
      instances,
      routes: [{ host: name.toLowerCase(), domain: DOMAIN }],
    });
    return `application ${key(space.organization.name, space.name)}/*`;
  }

  scale(): Told {
    const application = this.#application();
    this.#cloud.scale(application, Math.floor(this.#random() * 4));
    return `process ${application.guid}`;
  }

  stopOrStart(): Told {
    const application = this.#application();
    if (application.state === 'STARTED') this.#cloud.stop(application);
    else this.#cloud.start(application);
    return `application ${key(...placeOf(application))}`;
  }

  rename(): Told {
    const application = this.#application();
    const before = key(...placeOf(application));
    this.#cloud.rename(application, this.#name('Renamed'));
    return `application ${before}`;
  }

  /** To another host. */
  move(): Told {
    const application = this.#application();
    for (const route of this.#cloud.routes.values()) {
      if (route.destinations.some((one) => one.application === application)) this.#cloud.removeRoute(route);
    }
    this.#cloud.addRoute(application, { host: this.#name('moved').toLowerCase(), domain: DOMAIN });
    return `route ${application.guid}`;
  }

  remove(): Told {
    if (this.#cloud.applications.size < 2) return this.addApplication();
    const application = this.#application();
    this.#cloud.removeApplication(application);
    return `application ${key(...placeOf(application))}`;
  }

  removeOrganization(): Told {
    const { size } = this.#cloud.organizations;
    if (size < 3) return this.addOrganization();
    const organization = this.#one([...this.#cloud.organizations.values()].slice(0, -2));
    this.#cloud.removeOrganization(organization);
    if (this.#cloud.spaces.size === 0) this.addSpace();
    if (this.#cloud.applications.size === 0) this.addApplication();
    return 'org';
  }

  /** As discovery should list them. */
  get instances(): string[] {
    const { processes, routes } = this.#cloud;
    return [...this.#cloud.applications.values()]
      .filter(({ state }) => state === 'STARTED')
      .flatMap((application) => {
        const route = [...routes.values()].find(({ destinations }) =>
          destinations.some((one) => one.application === application),
        );
        const { instances = 0 } =
          [...processes.values()].find((one) => one.application === application) ?? {};
        const place = placeOf(application).join('/');
        return Array.from({ length: instances }, (_, i) => `${place} ${i} ${route!.host}.${DOMAIN}`);
      })
      .sort();
  }

  #application(): ApplicationRecord {
    return this.#one([...this.#cloud.applications.values()]);
  }

  #name(kind: string): string {
    return `${kind}-${++this.#made}`;
  }

  #one<Thing>(things: readonly Thing[]): Thing {
    return things[Math.floor(this.#random() * things.length)]!;
  }
}

function placeOf({ name, space }: ApplicationRecord): [string, string, string] {
  return [space.organization.name, space.name, name];
}

function key(...names: string[]): string {
  return names.map(encodeURIComponent).join('/');
}

function listed(entries: readonly Entry[]): string[] {
  return entries
    .map(({ targets: [address], labels }) => {
      const { __meta_cf_orgName: org, __meta_cf_spaceName: space, __meta_cf_applicationName: app } = labels;
      return `${org}/${space}/${app} ${labels.__meta_cf_instanceNumber} ${address}`;
    })
    .sort();
}

function tell(lab: LandscapeLab, kind: 'invalidate' | 'refresh', told: Told): void {
  const [cache, ...keys] = told.split(' ');
  lab.caches.apply(
    kind,
    { caches: [lab.caches.get(cache!)!], keys: keys.map((one) => Buffer.from(one)), tags: [], prefixes: [] },
    'local',
  );
}

for (const seed of [1, 2, 3]) {
  test(`whatever changes, who asks after the invalidation is listed it (seed ${seed})`, () =>
    inLab(
      { targets: [{}, { orgRegex: 'org-.*[02468]' }], api: { pageSize: 3 }, batchSize: 4 },
      async (lab) => {
        const world = new World(lab.cloud, seed);
        lab.cloud.delay((_, random) => Math.floor(random() * 4));
        assert.equal(listed((await lab.discover()).entries), world.instances);
        for (let step = 0; step < STEPS; step++) {
          // Some ask while it changes: what they get must not be kept for those who ask afterwards.
          const meanwhile = [lab.discover(), lab.discover([['orgRegex', 'org-.*']])];
          const told = world.change();
          tell(lab, 'invalidate', told);
          const { entries, missing } = await lab.discover();
          assert.equal(missing, [], told);
          assert.equal(listed(entries), world.instances, `step ${step}: ${told}`);
          await Promise.all(meanwhile);
        }
      },
    ));

  test(`whatever changes, it is listed once the refresh is done (seed ${seed})`, () =>
    inLab({ targets: [{}], api: { pageSize: 3 }, batchSize: 4 }, async (lab) => {
      const world = new World(lab.cloud, seed);
      await lab.discover();
      for (let step = 0; step < STEPS / 3; step++) {
        const told = world.change();
        tell(lab, 'refresh', told);
        // Of each level the old is served while it is loaded anew.
        let entries: string[] = [];
        for (let asked = 0; asked < 8 && entries.join() !== world.instances.join(); asked++) {
          entries = listed((await lab.discover()).entries);
          await lab.idle();
        }
        assert.equal(entries, world.instances, `step ${step}: ${told}`);
      }
    }));
}

test.run();
