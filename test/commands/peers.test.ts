// peers: what the table says of a fleet, of one that is broken, and of none; and what a script learns from the exit code.

import { once } from 'node:events';
import { createServer } from 'node:http';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { aloneView, type PeersView, sendPeers } from '../../src/serve/http/peers.ts';
import { type Canned, type FakeDaemon, problem, startFakeDaemon, temporarySocket } from './fake-daemon.ts';
import { type Ran, runCommand } from './fake-host.ts';

const test = suite('sidecache peers');

const SELF = { index: '0', instance_id: 'i-0', incarnation: 'aaaaaaaa', version: '1.2.0', state: 'ready' };
const UP = {
  index: '1',
  instance_id: 'i-1',
  incarnation: 'bbbbbbbb',
  version: '1.2.0',
  status: 'up',
  last_heard_ms: 1200,
  lag_ms: 0,
  unconfirmed: 0,
  place: 'index:1',
  why: null,
};
const DOWN = {
  ...UP,
  index: '2',
  instance_id: 'i-2',
  status: 'unreachable',
  last_heard_ms: 65_000,
  lag_ms: 3500,
  unconfirmed: 2,
  place: null,
  why: 'connect ECONNREFUSED',
};
const PROBLEM = { problem: 'the route is not mapped to port 7071', mend: 'cf map-route my-app example.com' };
const FLEET = { self: SELF, transport: 'address', members: 2, peers: [UP], problems: [] };
const BROKEN = { ...FLEET, members: 3, peers: [UP, DOWN], problems: [PROBLEM] };
const ALONE = { self: SELF, transport: 'none', members: 1, peers: [], problems: [] };

const open: FakeDaemon[] = [];

test.after.each(async () => {
  await Promise.all(open.splice(0).map((daemon) => daemon.close()));
});

async function peers(canned: Canned, ...options: string[]): Promise<Ran & { asked: FakeDaemon['asked'] }> {
  const daemon = await startFakeDaemon(() => canned);
  open.push(daemon);
  return { ...(await runCommand(['peers', ...options, '--socket', daemon.socket])), asked: daemon.asked };
}

test('every peer is a row, and above it stands who was asked', async () => {
  const { exitCode, stdout, asked } = await peers({ body: FLEET });
  assert.is(exitCode, 0);
  assert.equal(
    asked.map(({ method, target }) => `${method} ${target}`),
    ['GET /peers'],
  );
  assert.equal(stdout.split('\n'), [
    'instance   0 i-0',
    'state      ready',
    'version    1.2.0',
    'transport  address',
    'members    2',
    '',
    'INDEX  INSTANCE  VERSION  STATUS  HEARD  LAG  UNCONFIRMED  PLACE',
    '1      i-1       1.2.0    up       1.2s  0ms            0  index:1',
    '',
  ]);
});

test('below the table stands why a peer is not reached, and what mends a problem, to be copied', async () => {
  const { exitCode, stdout } = await peers({ body: BROKEN });
  assert.is(exitCode, 0);
  assert.match(stdout, /^2 +i-2 +1\.2\.0 +unreachable +1m 5s +3\.5s +2 +-$/m);
  assert.ok(
    stdout.endsWith(
      '\n2: unreachable: connect ECONNREFUSED\nthe route is not mapped to port 7071\n  cf map-route my-app example.com\n',
    ),
    stdout,
  );
});

test('without a fleet it says so, and shows no table', async () => {
  const { exitCode, stdout } = await peers({ body: ALONE });
  assert.is(exitCode, 0);
  assert.match(stdout, /^transport {2}none\nmembers {4}1\n$/m);
  assert.not.match(stdout, 'INDEX');
});

test('--require all is exit 5 while a peer is not up, something is wrong, or nobody was ever reached', async () => {
  const outcomes: [object, number][] = [
    [FLEET, 0],
    [ALONE, 0],
    [BROKEN, 5],
    [{ ...FLEET, peers: [UP, DOWN] }, 5],
    [{ ...FLEET, problems: [PROBLEM] }, 5],
    [{ ...FLEET, peers: [], members: '?' }, 5],
  ];
  for (const [body, wanted] of outcomes) {
    const { exitCode, stdout } = await peers({ body }, '--require', 'all');
    assert.is(exitCode, wanted, JSON.stringify(body));
    assert.match(stdout, 'members');
  }
});

test('--require takes all and nothing else, and asks nobody otherwise', async () => {
  const { exitCode, asked } = await peers({ body: FLEET }, '--require', 'some');
  assert.is(exitCode, 2);
  assert.is(asked.length, 0);
});

test('--json prints what the daemon said, whole or not', async () => {
  const { exitCode, stdout } = await peers({ body: BROKEN }, '--json', '--require', 'all');
  assert.is(exitCode, 5);
  assert.equal(JSON.parse(stdout), BROKEN);
});

test('what a peer calls itself does not reach the terminal as it is', async () => {
  const hostile = { ...DOWN, instance_id: 'i\x1b[2J', why: 'a\nb\u202e' };
  const body = { ...BROKEN, peers: [hostile], problems: [{ problem: '\x07', mend: 'rm\r -rf' }] };
  const { stdout } = await peers({ body });
  // biome-ignore lint/suspicious/noControlCharactersInRegex: that there are none is the claim.
  assert.not.match(stdout, /[\x00-\x09\x0b-\x1f\u202e]/);
  assert.match(stdout, 'a\\x0ab\\u{202e}');
  assert.match(stdout, '  rm\\x0d -rf');
});

test('an answer of another shape is shown as far as it goes', async () => {
  for (const body of [{}, { peers: 'x', problems: [1] }, { peers: [{}], self: [] }]) {
    const { exitCode, stderr } = await peers({ body });
    assert.is(exitCode, 0, stderr);
  }
});

test('a daemon that refuses is exit 1, one that does not know the path exit 3', async () => {
  assert.is((await peers(problem(500, 'internal', 'broken'))).exitCode, 1);
  const { exitCode, stderr } = await peers(problem(404, 'unknown_path', 'there is no /peers'));
  assert.is(exitCode, 3);
  assert.match(stderr, 'there is no /peers');
});

test('the view that the daemon sends is the one that is shown', async () => {
  const { socket, remove } = temporarySocket();
  let view: PeersView = aloneView(SELF);
  const look = async (): Promise<PeersView> => view;
  const server = createServer((_request, response) => void sendPeers(look, '', response)).listen(socket);
  await once(server, 'listening');
  assert.equal(JSON.parse((await runCommand(['peers', '--json', '--socket', socket])).stdout), ALONE);
  view = { ...view, transport: 'gorouter', members: '?', peers: [DOWN], problems: [PROBLEM] };
  const { exitCode, stdout } = await runCommand(['peers', '--require', 'all', '--socket', socket]);
  assert.is(exitCode, 5);
  for (const text of ['gorouter', '?', 'i-2', 'ECONNREFUSED', PROBLEM.mend])
    assert.ok(stdout.includes(text), text);
  server.close();
  remove();
});

test('a parameter of /peers is refused by name', async () => {
  const refused = sendPeers(async () => aloneView(SELF), 'fleet=1', undefined as never);
  const why = await refused.catch(({ message }: Error) => message);
  assert.match(String(why), "unknown parameter 'fleet'");
});

/** A daemon that finds a problem only when it looks. */
async function checkFleetBefore(problems: PeersView['problems'], args: readonly string[] = []) {
  const { socket, remove } = temporarySocket();
  const look = async (probes: boolean): Promise<PeersView> => ({
    ...aloneView(SELF),
    transport: 'gorouter',
    problems: probes ? problems : [],
  });
  const server = createServer((request, response) => {
    void sendPeers(look, request.url!.split('?')[1] ?? '', response);
  }).listen(socket);
  await once(server, 'listening');
  const done = await runCommand(['check', '--fleet', '--socket', socket, ...args]);
  server.close();
  remove();
  return done;
}

test('check --fleet has the daemon look, and prints the command that mends what is wrong', async () => {
  const { exitCode, stdout } = await checkFleetBefore([PROBLEM]);
  assert.is(exitCode, 1);
  assert.match(stdout, PROBLEM.problem);
  assert.match(stdout, PROBLEM.mend);
});

test('check --fleet: exit 0 where peers reach this instance', async () => {
  const { exitCode, stdout } = await checkFleetBefore([]);
  assert.is(exitCode, 0);
  assert.match(stdout, 'nothing is wrong');
});

test('check --fleet: with --json standard output is one document all the same', async () => {
  const { exitCode, stdout, stderr } = await checkFleetBefore([PROBLEM], ['--json']);
  assert.is(exitCode, 1);
  assert.ok(Array.isArray(JSON.parse(stdout).options));
  assert.match(stderr, PROBLEM.mend);
});

test.run();
