// What goes with what: which entries of the landscape's caches a change of one of them takes along.

import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { LandscapeCache } from '../../src/landscape/keys.ts';
import { NO_SLOT } from '../../src/store/entries.ts';
import { FakeClock } from '../cache/fake-clock.ts';
import { FakeCloud } from '../cloud-controller/fake/fake-cloud.ts';
import { inLab, type LandscapeLab } from './landscape-lab.ts';

const test = suite('derived');

type Entry = `${LandscapeCache} ${string}`;

function furnish(cloud: FakeCloud) {
  const mine = cloud.addOrganization('mine');
  const other = cloud.addOrganization('other');
  const routes = [{ host: 'a', domain: 'apps.example.org' }];
  const dev = cloud.addSpace(mine, 'dev');
  cloud.addApplication(dev, { name: 'a', routes });
  cloud.addApplication(cloud.addSpace(mine, 'prod'), { name: 'b' });
  cloud.addApplication(cloud.addSpace(other, 'dev'), { name: 'c' });
  return { mine, dev };
}

/** Of each kind of key at least one, `GUID` for that of app a. */
const ENTRIES: readonly Entry[] = [
  ...(['org mine', 'org other', 'org *'] as const),
  ...(['space mine/dev', 'space mine/prod', 'space mine/*', 'space other/dev'] as const),
  ...(['application mine/dev/a', 'application mine/dev/*', 'application mine/prod/b'] as const),
  ...(['application mine/prod/*', 'application other/dev/c'] as const),
  ...(['domain mine', 'domain other', 'domain *'] as const),
  ...(['route GUID', 'route mine/dev/a', 'process GUID', 'process mine/dev/a'] as const),
  'resolver orgName=mine',
];

const RESOLVED: readonly Entry[] = ['route mine/dev/a', 'process mine/dev/a', 'resolver orgName=mine'];
const SPACES = all('space');
const APPLICATIONS = all('application');

interface Case {
  readonly cache: LandscapeCache;
  /** None: the whole cache. */
  readonly by?: { readonly key?: string; readonly prefix?: string; readonly tag?: string };
  readonly goes: readonly Entry[];
}

const CASES: Readonly<Record<string, Case>> = {
  'an organization': {
    cache: 'org',
    by: { key: 'mine' },
    goes: [
      ...(['org mine', 'org *', 'domain mine'] as const),
      ...SPACES.filter((entry) => entry !== 'space other/dev'),
      ...APPLICATIONS.filter((entry) => entry !== 'application other/dev/c'),
      ...RESOLVED,
    ],
  },
  'one that is not known': { cache: 'org', by: { key: 'new' }, goes: ['org *', ...RESOLVED] },
  'the list of organizations': {
    cache: 'org',
    by: { key: '*' },
    goes: [...all('org'), ...SPACES, ...APPLICATIONS, ...all('domain'), ...RESOLVED],
  },
  'organizations by a prefix': {
    cache: 'org',
    by: { prefix: 'mi' },
    goes: ['org mine', 'org *', ...SPACES, ...APPLICATIONS, ...all('domain'), ...RESOLVED],
  },
  'organizations by a tag': {
    cache: 'org',
    by: { tag: 'none' },
    goes: ['org *', ...SPACES, ...APPLICATIONS, ...all('domain'), ...RESOLVED],
  },
  'all organizations': {
    cache: 'org',
    goes: [...all('org'), ...SPACES, ...APPLICATIONS, ...all('domain'), ...RESOLVED],
  },
  'a space': {
    cache: 'space',
    by: { key: 'mine/dev' },
    goes: [
      ...(['space mine/dev', 'space mine/*', 'application mine/dev/a', 'application mine/dev/*'] as const),
      ...RESOLVED,
    ],
  },
  'the list of the spaces of an organization': {
    cache: 'space',
    by: { key: 'mine/*' },
    goes: [
      ...SPACES.filter((entry) => entry !== 'space other/dev'),
      ...APPLICATIONS.filter((entry) => entry !== 'application other/dev/c'),
      ...RESOLVED,
    ],
  },
  'spaces by a prefix': {
    cache: 'space',
    by: { prefix: 'mine/p' },
    goes: ['space mine/prod', 'space mine/*', ...APPLICATIONS, ...RESOLVED],
  },
  'all spaces': { cache: 'space', goes: [...SPACES, ...APPLICATIONS, ...RESOLVED] },
  'an app': {
    cache: 'application',
    by: { key: 'mine/dev/a' },
    goes: ['application mine/dev/a', 'application mine/dev/*', ...RESOLVED],
  },
  'the list of the apps of a space': {
    cache: 'application',
    by: { key: 'mine/dev/*' },
    goes: ['application mine/dev/a', 'application mine/dev/*', ...RESOLVED],
  },
  'all apps': { cache: 'application', goes: [...APPLICATIONS, ...RESOLVED] },
  'the domains of an organization': { cache: 'domain', by: { key: 'mine' }, goes: all('domain') },
  'all domains': { cache: 'domain', goes: all('domain') },
  'the routes of an app': { cache: 'route', by: { key: 'mine/dev/a' }, goes: ['route mine/dev/a'] },
  'all routes': { cache: 'route', goes: all('route') },
  'all processes': { cache: 'process', goes: all('process') },
  'a target': { cache: 'resolver', by: { key: 'orgName=mine' }, goes: all('resolver') },
  'all targets': { cache: 'resolver', goes: all('resolver') },
};

for (const [what, { cache, by = {}, goes }] of Object.entries(CASES)) {
  test(`forgetting ${what} takes along what was made of that, and nothing else`, () =>
    warm(async (lab, guid) => {
      change(lab, 'invalidate', cache, by);
      const left = ENTRIES.filter((entry) => slotOf(lab, entry, guid) !== NO_SLOT);
      assert.equal(
        left,
        ENTRIES.filter((entry) => !goes.includes(entry)),
      );
    }));

  test(`refreshing ${what} makes old what was made of that, and nothing else`, () =>
    warm(async (lab, guid, clock) => {
      change(lab, 'refresh', cache, by);
      const fresh = ENTRIES.filter((entry) => {
        const slot = slotOf(lab, entry, guid);
        assert.is.not(slot, NO_SLOT, `${entry} is still there`);
        return lab.cache(cacheOf(entry)).shelf.isFresh(slot, clock.now());
      });
      assert.equal(
        fresh,
        ENTRIES.filter((entry) => !goes.includes(entry)),
      );
    }));
}

test('however a key is spelled, what was made of the names goes with them', () =>
  warm(async (lab) => {
    const spelled: readonly Entry[] = [
      'space mine/d%65v',
      'application min%65/dev/a',
      'application @default/mine/dev/*',
    ];
    for (const changed of ['org mine', 'org MINE', 'org m%69ne', 'org @default/mine', 'org *'] as const) {
      for (const entry of spelled) await lab.read(cacheOf(entry), keyOf(entry));
      change(lab, 'invalidate', 'org', { key: keyOf(changed) });
      for (const entry of [...spelled, 'org mine', 'application mine/dev/a'] as const) {
        assert.is(slotOf(lab, entry, ''), NO_SLOT, `${entry} after ${changed}`);
      }
      for (const entry of ['org mine', 'application mine/dev/a'] as const)
        await lab.read(cacheOf(entry), keyOf(entry));
    }
  }));

test('letters beyond ASCII differ by more than their case nowhere', () =>
  warm(async (lab) => {
    lab.cloud.addSpace(lab.cloud.addOrganization('Ärzte'), 'Öl');
    const entries: readonly Entry[] = ['space %C3%84rzte/%C3%96l', 'space %C3%A4rzte/%C3%B6l'];
    for (const key of ['%C3%84rzte', '%C3%A4rzte']) {
      for (const entry of entries) assert.is((await lab.read('space', keyOf(entry))).name, 'Öl');
      change(lab, 'invalidate', 'org', { key });
      for (const entry of entries) assert.is(slotOf(lab, entry, ''), NO_SLOT, `${entry} after ${key}`);
    }
  }));

test('another API keeps what is its own', async () => {
  const clouds = [await FakeCloud.start({ number: 1 }), await FakeCloud.start({ number: 2 })];
  await inLab({ clouds }, async (lab) => {
    for (const cloud of clouds) furnish(cloud);
    const theirs: readonly Entry[] = ['org @api-2/mine', 'org @api-2/*', 'space @api-2/mine/dev'];
    for (const entry of [...theirs, 'space mine/dev' as const]) await lab.read(cacheOf(entry), keyOf(entry));
    change(lab, 'invalidate', 'org', { key: 'mine' });
    for (const entry of theirs) assert.is.not(slotOf(lab, entry, ''), NO_SLOT, entry);
    assert.is(slotOf(lab, 'space mine/dev', ''), NO_SLOT);
    change(lab, 'invalidate', 'org', { key: '@api-2/mine' });
    for (const entry of theirs) assert.is(slotOf(lab, entry, ''), NO_SLOT, entry);
  });
});

for (const kind of ['invalidate', 'refresh'] as const) {
  test(`a load of a list of apps that began before an ${kind} of org is never kept`, () =>
    inLab({}, async (lab) => {
      const { dev } = furnish(lab.cloud);
      await lab.read('space', 'mine/dev');
      const hold = lab.cloud.hold('apps');
      const begun = lab.read('application', 'mine/dev/*');
      await lab.cloud.received(1, 'apps');
      change(lab, kind, 'org', {});
      lab.cloud.addApplication(dev, { name: 'new' });
      hold.release();
      await begun;
      const names = (await lab.read('application', 'mine/dev/*')).map(({ name }: { name: string }) => name);
      assert.equal(names, ['a', 'new']);
    }));
}

test('what is resolved while its parts are forgotten is not kept', () =>
  inLab({}, async (lab) => {
    const { dev } = furnish(lab.cloud);
    const hold = lab.cloud.hold('apps');
    const begun = lab.read('resolver', 'orgName=mine');
    await lab.cloud.received(1, 'apps');
    change(lab, 'invalidate', 'application', {});
    lab.cloud.addApplication(dev, { name: 'new' });
    hold.release();
    await begun;
    const [{ spaces }] = (await lab.read('resolver', 'orgName=mine')).organizations;
    const names = spaces.flatMap(({ applications }: { applications: { name: string }[] }) =>
      applications.map(({ name }) => name),
    );
    assert.ok(names.includes('new'), names.join());
  }));

async function warm(
  run: (lab: LandscapeLab, guid: string, clock: FakeClock) => Promise<void>,
): Promise<void> {
  const clock = new FakeClock();
  await inLab({ clock }, async (lab) => {
    furnish(lab.cloud);
    const [{ guid } = { guid: '' }] = [...lab.cloud.applications.values()];
    await Promise.all(ENTRIES.map((entry) => lab.read(cacheOf(entry), keyOf(entry, guid))));
    for (const entry of ENTRIES) assert.is.not(slotOf(lab, entry, guid), NO_SLOT, `${entry} is there`);
    await run(lab, guid, clock);
  });
}

function change(
  lab: LandscapeLab,
  kind: 'invalidate' | 'refresh',
  cache: LandscapeCache,
  { key, prefix, tag }: NonNullable<Case['by']>,
): void {
  const bytes = (text: string | undefined): Buffer[] => (text === undefined ? [] : [Buffer.from(text)]);
  const selection = {
    caches: [lab.cache(cache)],
    keys: bytes(key),
    prefixes: bytes(prefix),
    tags: tag === undefined ? [] : [tag],
  };
  lab.caches.apply(kind, selection, 'local');
}

function slotOf(lab: LandscapeLab, entry: Entry, guid: string): number {
  const cache = lab.cache(cacheOf(entry));
  return cache.shelf.peek(cache.fold(Buffer.from(keyOf(entry, guid))));
}

function cacheOf(entry: Entry): LandscapeCache {
  return entry.slice(0, entry.indexOf(' ')) as LandscapeCache;
}

function keyOf(entry: Entry, guid = ''): string {
  return entry.slice(entry.indexOf(' ') + 1).replace('GUID', guid);
}

function all(cache: LandscapeCache): Entry[] {
  return ENTRIES.filter((entry) => cacheOf(entry) === cache);
}

test.run();
