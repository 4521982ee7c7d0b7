// `sidecache fleet N` as it is built: real daemons, one call through the router, and what is left at the end.

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { request } from 'node:http';
import { dirname, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { runCommand } from '../commands/fake-host.ts';
import { ask, askJson, post } from '../demo/asking.ts';

const test = suite('sidecache fleet');

const PROGRAM = resolve(dirname(fileURLToPath(import.meta.url)), '../../dist/sidecache.js');
const LIMIT_MS = 20_000;

interface Instance {
  readonly name: string;
  readonly index: number;
  readonly state: string;
  readonly socket: string;
  readonly fleet: number;
  readonly app: number;
  readonly pid: number;
}

interface Opening {
  readonly router: string;
  readonly token: string;
  readonly instances: readonly Instance[];
}

// biome-ignore lint/suspicious/noExplicitAny: what the command says is asserted on, not relied upon
type Said = any;

/** The command with --json, and what it says line by line. */
class Running {
  readonly child: ChildProcess;
  readonly #lines: string[] = [];
  #more: () => void = () => undefined;

  private constructor(args: readonly string[]) {
    this.child = spawn(process.execPath, [PROGRAM, 'fleet', ...args], { stdio: ['pipe', 'pipe', 'inherit'] });
    createInterface({ input: this.child.stdout! }).on('line', (line) => {
      this.#lines.push(line);
      this.#more();
    });
  }

  static async start(...args: readonly string[]): Promise<{ running: Running; opening: Opening }> {
    const running = new Running([...args, '--json']);
    return { running, opening: await running.said() };
  }

  /** The next line. */
  async said(): Promise<Said> {
    while (this.#lines.length === 0) {
      await new Promise<void>((resolveMore, reject) => {
        this.#more = resolveMore;
        this.child.once('exit', (code) => reject(new Error(`it ended with ${code}`)));
      });
    }
    return JSON.parse(this.#lines.shift()!);
  }

  async order(line: string): Promise<Said> {
    this.child.stdin!.write(`${line}\n`);
    return this.said();
  }

  async end(signal: NodeJS.Signals = 'SIGINT'): Promise<number | null> {
    const ended = once(this.child, 'exit');
    this.child.kill(signal);
    return (await ended)[0];
  }
}

/** A test with a fleet of its own, which leaves nothing. */
function withFleet(
  name: string,
  args: readonly string[],
  body: (opening: Opening, running: Running) => Promise<void>,
): void {
  test(name, async () => {
    const { running, opening } = await Running.start(...args);
    try {
      await body(opening, running);
    } finally {
      assert.is(await running.end(), 0);
    }
    for (const { pid, socket } of opening.instances) {
      assert.not(isAlive(pid));
      assert.not(existsSync(dirname(dirname(socket))));
    }
  });
}

withFleet('one call through the router, and every instance has forgotten', ['3'], async (opening) => {
  const { router, token, instances } = opening;
  assert.equal(
    instances.map(({ index, state }) => [index, state]),
    [
      [0, 'up'],
      [1, 'up'],
      [2, 'up'],
    ],
  );
  await whole(opening);
  for (const n of [1, 2, 3]) assert.is((await readUser(instances[n - 1]!)).load, n);
  for (const instance of instances) assert.ok((await readUser(instance)).load <= 3, 'held');
  const { status, headers } = await ask(`${router}/cache/invalidate?users=1`, as(token));
  assert.equal([status, headers['sidecache-applied']], [204, '3/3']);
  const loads = [];
  for (const instance of instances) loads.push((await readUser(instance)).load);
  assert.equal(loads, [4, 5, 6]);
});

withFleet('one call, and every app holds the new object', ['3'], async (opening) => {
  const { router, token, instances } = opening;
  await whole(opening);
  for (const { app } of instances) assert.is((await askJson(`${at(app)}/object`)).from, 'origin');
  const { headers } = await post(`${router}/api/v1/refresh`, '{"k":"v"}', as(token).headers);
  assert.is(headers['sidecache-applied'], '3/3');
  for (const { app } of instances) assert.equal(await askJson(`${at(app)}/object`), { k: 'v' });
});

withFleet('an index that was never there is no member', ['3', '--missing', '1'], async (opening) => {
  const { router, token, instances } = opening;
  assert.equal(
    instances.map(({ index }) => index),
    [0, 2, 3],
  );
  await whole(opening);
  const { headers } = await ask(`${router}/cache/invalidate?users=1`, as(token));
  assert.is(headers['sidecache-applied'], '3/3');
});

withFleet('one that hangs is named, and told when it goes on', ['3'], async (opening, running) => {
  const { token, instances } = opening;
  await whole(opening);
  const held = instances[1]!;
  await readUser(held);
  assert.equal(await running.order('pause 1'), { name: '1', state: 'paused', pid: held.pid });
  const report = await invalidatedAt(instances[0]!, token);
  assert.equal([report.applied, report.members], [2, 3]);
  const missing = report.report.filter(({ status }: Said) => status !== 'applied');
  assert.equal(
    missing.map(({ index, status }: Said) => [index, status]),
    [['1', 'unreachable']],
  );
  const { load } = await readUser(instances[0]!);
  await running.order('resume 1');
  await until(async () => (await readUser(held)).load > load);
});

withFleet('a daemon that dies is said, and another one can be started', ['2'], async (opening, running) => {
  const { instances } = opening;
  await whole(opening);
  process.kill(instances[1]!.pid, 'SIGKILL');
  const { name, state, how } = await running.said();
  assert.equal([name, state, how], ['1', 'down', 'SIGKILL']);
  const started = await running.order('start 1');
  assert.equal([started.name, started.state], ['1', 'up']);
  assert.is.not(started.pid, instances[1]!.pid);
  assert.is((await readUser(instances[1]!)).key, '42');
  assert.equal((await running.order('list')).instances[1].pid, started.pid);
  assert.equal(await running.order('stop 1'), { name: '1', state: 'down', pid: null });
  assert.not(isAlive(started.pid));
});

withFleet('an app that fails is said, and called again until it answers', ['3'], async (opening) => {
  const { router, token, instances } = opening;
  await whole(opening);
  const broken = at(instances[1]!.app);
  await post(`${broken}/break?status=500`);
  const reported = await post(`${router}/api/v1/refresh?report=1`, '{"k":"v"}', as(token).headers);
  const { applied, report } = JSON.parse(reported.body);
  assert.is(applied, 2);
  assert.equal(
    report
      .filter(({ status }: Said) => status !== 'applied')
      .map(({ index, status }: Said) => [index, status]),
    [['1', 'app-failed']],
  );
  await post(`${broken}/mend`);
  await until(async () => (await askJson(`${broken}/object`)).k === 'v');
});

withFleet('a handler that calls the daemon back causes no further event', ['2'], async (opening) => {
  const { router, token, instances } = opening;
  await whole(opening);
  for (const { app } of instances) await post(`${at(app)}/call-back?on=1`);
  for (const n of [1, 2]) {
    const { headers } = await post(`${router}/api/v1/refresh`, `{"n":${n}}`, as(token).headers);
    assert.is(headers['sidecache-applied'], '2/2');
  }
  for (const { app } of instances) {
    const { calls } = await askJson(`${at(app)}/calls`);
    const told = calls.filter(({ body }: Said) => !body.includes('resync'));
    assert.equal(
      told.map(({ body }: Said) => body),
      ['{"n":1}', '{"n":2}'],
    );
  }
});

for (const transport of ['list', 'address']) {
  withFleet(
    `with --transport ${transport} they find each other, too`,
    ['2', '--transport', transport],
    async (opening) => {
      await whole(opening);
      const { headers } = await ask(`${opening.router}/cache/invalidate?users=1`, as(opening.token));
      assert.is(headers['sidecache-applied'], '2/2');
    },
  );
}

test('for people it is a table and commands that work as they stand, and quit ends it', async () => {
  const child = spawn(process.execPath, [PROGRAM, 'fleet', '1'], { stdio: ['pipe', 'pipe', 'inherit'] });
  let said = '';
  child.stdout.setEncoding('utf8');
  while (!said.includes('quit')) said += (await once(child.stdout, 'data'))[0];
  assert.match(said, /^INSTANCE +STATE +PID +FLEET +APP +SOCKET\n0 +up +\d+/);
  const command = /^ {2}curl --unix-socket \S+ \S+$/m.exec(said)![0];
  assert.is(JSON.parse(await outputOf(command)).key, '42');
  const ended = once(child, 'exit');
  child.stdin.write('quit\n');
  assert.equal(await ended, [0, null]);
});

test('the end of standard input is not the end of the fleet', async () => {
  const { running } = await Running.start('1');
  running.child.stdin!.end();
  await once(running.child.stdin!, 'close');
  assert.is(await running.end('SIGTERM'), 0);
});

test('what cannot be is refused before anything is started', async () => {
  for (const args of [
    ['0'],
    ['21'],
    ['many'],
    ['3', '--missing', 'x'],
    ['3', '--transport', 'dns'],
    ['3', '--port', '70000'],
    ['11', '--transport', 'address'],
  ]) {
    const { exitCode, stdout } = await runCommand(['fleet', ...args]);
    assert.equal([exitCode, stdout], [2, ''], args.join(' '));
  }
});

function as(token: string): { headers: Record<string, string> } {
  return { headers: { Authorization: `Bearer ${token}` } };
}

function at(port: number): string {
  return `http://127.0.0.1:${port}`;
}

/** Ready is said before all have heard of each other, and before their apps were told to read everything anew. */
function whole({ token, instances }: Opening): Promise<void> {
  return until(async () => {
    for (const { fleet, app } of instances) {
      const { self, members, peers } = await askJson(`${at(fleet)}/peers`, as(token));
      if (self.state !== 'ready' || members !== instances.length) return false;
      if (!peers.every(({ status }: Said) => status === 'up')) return false;
      if ((await askJson(`${at(app)}/calls`)).count === 0) return false;
    }
    return true;
  });
}

/** Not through the router: there it might be the one that hangs. */
function invalidatedAt({ fleet }: Instance, token: string): Promise<Said> {
  return askJson(`${at(fleet)}/cache/invalidate?users=1&report=1&timeout=500ms`, as(token));
}

function readUser({ socket: socketPath }: Instance): Promise<Said> {
  return new Promise((done, reject) => {
    const asked = request({ socketPath, path: '/caches/users/42', agent: false }, async (reply) => {
      const text = (await reply.toArray()).join('');
      if (reply.statusCode === 200) done(JSON.parse(text));
      else reject(new Error(`${reply.statusCode}: ${text}`));
    });
    asked.on('error', reject).end();
  });
}

/** Looked at often, no longer than a deadline. */
async function until(holds: () => Promise<boolean>): Promise<void> {
  const endMs = performance.now() + LIMIT_MS;
  while (!(await holds())) {
    if (performance.now() > endMs) throw new Error(`it did not come about within ${LIMIT_MS} ms`);
    await new Promise((later) => setTimeout(later, 20));
  }
}

async function outputOf(command: string): Promise<string> {
  const child = spawn('sh', ['-c', command], { stdio: ['ignore', 'pipe', 'ignore'] });
  return (await child.stdout.toArray()).join('');
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

test.run();
