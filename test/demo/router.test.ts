// The stand-in router against the table of what a Gorouter does: one test for each row and each fact.

import { once } from 'node:events';
import { Agent, request } from 'node:http';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { closedPort, startRawOrigin } from '../load/origin.ts';
import { APP, CANARY, endpoint, exchange, HOST, Lab, OTHER_APP, sentTo, WEB } from './router-lab.ts';

const test = suite('stand-in router');

const ERROR = 'x-cf-routererror';
const app = (index: string | number, guid = APP): string => `X-CF-APP-INSTANCE: ${guid}:${index}`;
const process = (index: string | number, guid = WEB): string => `X-CF-PROCESS-INSTANCE: ${guid}:${index}`;

/** A test with a router of its own. */
function routing(name: string, body: (lab: Lab) => Promise<void>, options = {}): void {
  test(name, async () => {
    const lab = await Lab.start(options);
    try {
      await body(lab);
    } finally {
      await lab.close();
    }
  });
}

routing('an app header that is not guid:index in lower case is a 400 by name', async (lab) => {
  const { requests } = await lab.backend(0);
  for (const value of [
    'rubbish',
    APP,
    `${APP}:`,
    `${APP}:x`,
    `${APP}:-1`,
    `${APP}: 0`,
    `${APP}:0:0`,
    `${APP.toUpperCase()}:0`,
    `${APP.slice(1)}:0`,
  ]) {
    const reply = await lab.get(`X-CF-APP-INSTANCE: ${value}`);
    assert.is(reply.status, 400, value);
    assert.is(reply.headers.get(ERROR), 'invalid_cf_app_instance_header');
    assert.is(reply.body, '400 Bad Request: Invalid X-CF-App-Instance Header\n');
  }
  assert.is(requests.length, 0);
});

routing('a malformed process header is a 400 by a name of its own', async (lab) => {
  await lab.backend(0);
  const reply = await lab.get('X-CF-PROCESS-INSTANCE: web:0');
  assert.is(reply.status, 400);
  assert.is(reply.headers.get(ERROR), 'invalid_cf_process_instance_header');
  assert.is(reply.body, '400 Bad Request: Invalid X-CF-Process-Instance Header\n');
});

routing('the header reaches the instance it names, and no other', async (lab) => {
  for (const index of [0, 2, 3]) await lab.backend(index);
  for (const index of [3, 0, 2, 2]) {
    assert.is((await lab.get(app(index))).body, `instance ${index}`);
    assert.is((await lab.get(process(index))).body, `instance ${index}`);
  }
});

routing(
  'an index or a guid that is not there is a 400 unknown_route in the words of the router',
  async (lab) => {
    await lab.backend(0);
    const missing = await lab.get(app(2));
    assert.is(missing.status, 400);
    assert.is(missing.headers.get(ERROR), 'unknown_route');
    const said = `Requested instance ('2') with guid ('${APP}') does not exist for route ('${HOST}')`;
    assert.is(missing.body, `400 Bad Request: ${said}\n`);
    assert.is((await lab.get(app(0, OTHER_APP))).headers.get(ERROR), 'unknown_route');
    const ofProcess = await lab.get(process(2));
    assert.is(ofProcess.status, 400);
    assert.match(ofProcess.body, `('2') with process guid ('${WEB}') does not exist for route`);
  },
);

routing('an instance that is not there was a 404 once, and is again by a fault', async (lab) => {
  await lab.backend(0);
  lab.router.faults.missingInstanceIs404 = true;
  const reply = await lab.get(app(2));
  assert.equal([reply.status, reply.headers.get(ERROR)], [404, 'unknown_route']);
  assert.is((await lab.get(app(0))).status, 200);
});

routing('indices are compared as strings: :01 is not 1', async (lab) => {
  await lab.backend(1);
  assert.is((await lab.get(app('1'))).status, 200);
  assert.is((await lab.get(app('01'))).headers.get(ERROR), 'unknown_route');
  assert.is((await lab.get(process('01'))).headers.get(ERROR), 'unknown_route');
});

routing('an unknown host is a 404 unknown_route', async (lab) => {
  await lab.backend(0);
  const reply = await lab.raw(['GET / HTTP/1.1', 'Host: other.test']);
  assert.is(reply.status, 404);
  assert.is(reply.headers.get(ERROR), 'unknown_route');
  assert.is(reply.body, "404 Not Found: Requested route ('other.test') does not exist.\n");
});

routing('with an addressing header an unknown host is the same 400 as an unknown instance', async (lab) => {
  await lab.backend(0);
  const reply = await lab.raw(['GET / HTTP/1.1', 'Host: other.test', app(0)]);
  assert.equal([reply.status, reply.headers.get(ERROR)], [400, 'unknown_route']);
  assert.match(reply.body, `('0') with guid ('${APP}') does not exist for route ('other.test')`);
});

routing('a request without a host is a 400 empty_host', async (lab) => {
  const reply = await lab.raw(['GET / HTTP/1.0']);
  assert.equal([reply.status, reply.headers.get(ERROR)], [400, 'empty_host']);
});

routing('a host whose instances have all gone is a 503 no_endpoints', async (lab) => {
  const { port } = await lab.backend(0);
  lab.router.unregister(HOST, { host: '127.0.0.1', port });
  const reply = await lab.get();
  assert.equal([reply.status, reply.headers.get(ERROR)], [503, 'no_endpoints']);
  assert.is((await lab.get(app(0))).headers.get(ERROR), 'unknown_route');
  lab.router.removeRoute(HOST);
  assert.is((await lab.get()).status, 404);
});

routing('a registered endpoint that refuses is a 502 endpoint_failure that says so', async (lab) => {
  const port = await closedPort();
  lab.router.register(HOST, endpoint(0, port));
  const reply = await lab.get(app(0));
  assert.is(reply.status, 502);
  assert.is(
    reply.headers.get(ERROR),
    `endpoint_failure (dial tcp 127.0.0.1:${port}: connect: connection refused)`,
  );
  assert.is(reply.body, '502 Bad Gateway: Registered endpoint failed to handle the request.\n');
});

routing('an endpoint that resets or closes before it answered is a 502 endpoint_failure', async (lab) => {
  const resetting = await startRawOrigin((socket) => socket.resetAndDestroy());
  const closing = await startRawOrigin((socket) => socket.end());
  lab.router.register(HOST, endpoint(0, resetting.port));
  lab.router.register(HOST, endpoint(1, closing.port));
  const reset = await lab.get(app(0));
  assert.is(reset.status, 502);
  assert.match(reset.headers.get(ERROR)!, /^endpoint_failure \(read tcp .*connection reset by peer\)$/);
  const closed = await lab.get(app(1));
  assert.equal([closed.status, closed.headers.get(ERROR)], [502, 'endpoint_failure (EOF)']);
  await resetting.close();
  await closing.close();
});

routing(
  'an endpoint that is too slow is a 502 endpoint_failure',
  async (lab) => {
    await lab.backend(0, {}, () => undefined);
    const reply = await lab.get(app(0));
    assert.equal(
      [reply.status, reply.headers.get(ERROR)],
      [502, 'endpoint_failure (context deadline exceeded)'],
    );
  },
  { endpointTimeoutMs: 20 },
);

routing(
  'over the connection limit of an instance it is a 503, and another instance takes its turn',
  async (lab) => {
    let arrived: () => void = () => undefined;
    const first = new Promise<void>((resolve) => {
      arrived = resolve;
    });
    const answers: (() => void)[] = [];
    await lab.backend(0, {}, (_request, response) => {
      answers.push(() => response.end());
      arrived();
    });
    const waiting = lab.get(app(0));
    await first;
    const reply = await lab.get(app(0));
    assert.equal([reply.status, reply.headers.get(ERROR)], [503, 'Connection Limit Reached']);
    await lab.backend(1);
    assert.is((await lab.get()).body, 'instance 1');
    assert.is((await lab.get()).body, 'instance 1');
    for (const answer of answers) answer();
    assert.is((await waiting).status, 200);
  },
  { maxConnectionsPerBackend: 1 },
);

routing('headers of 1 MB are a 431 by name with an empty body; a little less passes', async (lab) => {
  const { requests } = await lab.backend(0, {}, (_request, response) => response.end('read'));
  const large = 'x'.repeat(500_000);
  const under = await lab.get(`X-A: ${large}`);
  // The backend's own limit: it is its 431, without the router's name for it.
  assert.equal([under.status, under.headers.get(ERROR)], [431, undefined]);
  for (const bytes of [524_288, 1_500_000]) {
    const long = 'x'.repeat(bytes);
    const over = await lab.get(`X-A: ${long}`, `X-B: ${long}`);
    assert.is(over.status, 431);
    assert.is(over.headers.get(ERROR), 'max-request-size-exceeded');
    assert.is(over.body, '');
  }
  assert.is(requests.length, 0);
});

routing('the app header wins when both are sent', async (lab) => {
  await lab.backend(0);
  await lab.backend(1);
  assert.is((await lab.get(process(1), app(0))).body, 'instance 0');
  assert.is((await lab.get(process(0), app(7))).headers.get(ERROR), 'unknown_route');
  assert.is(
    (await lab.get(process(0), 'X-CF-APP-INSTANCE: x')).headers.get(ERROR),
    'invalid_cf_app_instance_header',
  );
});

routing('neither addressing header reaches the backend', async (lab) => {
  const { requests } = await lab.backend(0);
  await lab.get(app(0), process(0));
  assert.is(requests[0]?.headers['x-cf-app-instance'], undefined);
  assert.is(requests[0]?.headers['x-cf-process-instance'], undefined);
});

routing("the router's word on who is asked overrules the client's", async (lab) => {
  const { requests } = await lab.backend(3);
  await lab.get('X-CF-ApplicationID: mine', 'x-cf-instanceid: mine', 'X-Cf-InstanceIndex: 9');
  assert.is(sentTo(requests[0], 'X-CF-ApplicationID'), APP);
  assert.is(sentTo(requests[0], 'X-CF-InstanceID'), 'instance-3');
  assert.is(sentTo(requests[0], 'X-CF-InstanceIndex'), '3');
});

routing('the backend is told where the request is from, when it began, and a number for it', async (lab) => {
  const { requests } = await lab.backend(0);
  await lab.get();
  await lab.get(
    'X-Forwarded-For: 10.1.1.1',
    'X-Forwarded-Proto: https',
    'X-Request-Start: 7',
    'X-Vcap-Request-Id: 7',
  );
  const [plain, forwarded] = requests;
  assert.is(sentTo(plain, 'X-Forwarded-For'), '127.0.0.1');
  assert.is(sentTo(plain, 'X-Forwarded-Proto'), 'http');
  assert.match(sentTo(plain, 'X-Request-Start')!, /^\d{13}$/);
  assert.is(sentTo(forwarded, 'X-Forwarded-For'), '10.1.1.1, 127.0.0.1');
  assert.is(sentTo(forwarded, 'X-Forwarded-Proto'), 'https');
  assert.is(sentTo(forwarded, 'X-Request-Start'), '7');
  const ids = [plain, forwarded].map((one) => sentTo(one, 'X-Vcap-Request-Id')!);
  for (const id of ids) assert.match(id, /^[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}$/);
  assert.is.not(ids[0], ids[1]);
});

routing('each request to a backend has a connection of its own', async (lab) => {
  const { requests, connections } = await lab.backend(0);
  await lab.get();
  await lab.get();
  assert.is(sentTo(requests[0], 'Connection'), 'close');
  assert.is(connections.length, 2);
});

routing(
  'with keep-alive a connection to a backend is used again',
  async (lab) => {
    const { requests, connections } = await lab.backend(0);
    for (let n = 0; n < 3; n++) assert.is((await lab.get()).status, 200);
    assert.is(sentTo(requests[0], 'Connection'), 'keep-alive');
    assert.is(connections.length, 1);
  },
  { keepAlive: true },
);

routing('without a header the instances take turns', async (lab) => {
  for (const index of [0, 1, 2]) await lab.backend(index);
  const bodies: string[] = [];
  for (let n = 0; n < 6; n++) bodies.push((await lab.get()).body);
  assert.equal(bodies.slice(0, 3).sort(), ['instance 0', 'instance 1', 'instance 2']);
  assert.equal(bodies.slice(3), bodies.slice(0, 3));
});

routing('without a header an instance that refuses is passed over; with one it is not', async (lab) => {
  lab.router.register(HOST, endpoint(0, await closedPort()));
  await lab.backend(1);
  for (let n = 0; n < 4; n++) assert.is((await lab.get()).body, 'instance 1');
  assert.is((await lab.get(app(0))).status, 502);
});

routing(
  'two processes with one index: the app header reaches the last registered, the process header each',
  async (lab) => {
    await lab.backend('0', { processGuid: WEB }, (_request, response) => response.end('old'));
    await lab.backend('0', { processGuid: CANARY }, (_request, response) => response.end('new'));
    for (let n = 0; n < 3; n++) assert.is((await lab.get(app(0))).body, 'new');
    assert.is((await lab.get(process(0, WEB))).body, 'old');
    assert.is((await lab.get(process(0, CANARY))).body, 'new');
  },
);

routing('a process header without an index reaches any of that process', async (lab) => {
  await lab.backend(0);
  await lab.backend(1);
  await lab.backend(0, { processGuid: CANARY }, (_request, response) => response.end('canary'));
  const bodies = [];
  for (let n = 0; n < 2; n++) bodies.push((await lab.get(`X-CF-PROCESS-INSTANCE: ${WEB}`)).body);
  assert.equal(bodies.sort(), ['instance 0', 'instance 1']);
});

routing(
  'a route may have a path; the longest that fits is taken, and the path is passed on whole',
  async (lab) => {
    await lab.backend(0);
    const other = await lab.backend(1);
    lab.router.unregister(HOST, { host: '127.0.0.1', port: other.port });
    lab.router.register(`${HOST}/cache`, endpoint(1, other.port));
    assert.is((await lab.raw(['GET /cache/peers?x=1 HTTP/1.1', `Host: ${HOST}`])).body, 'instance 1');
    assert.is(other.requests[0]?.url, '/cache/peers?x=1');
    assert.is((await lab.raw(['GET /cached HTTP/1.1', `Host: ${HOST}`])).body, 'instance 0');
  },
);

routing('the port in Host is no part of the route', async (lab) => {
  await lab.backend(0);
  assert.is((await lab.raw(['GET / HTTP/1.1', `Host: App.Test:8080`])).body, 'instance 0');
});

routing('targets and bodies pass through byte for byte, with a length and without', async (lab) => {
  const seen: { url?: string; body: string }[] = [];
  await lab.backend(0, {}, (incoming, response) => {
    let body = '';
    incoming.setEncoding('latin1').on('data', (chunk) => {
      body += chunk;
    });
    incoming.on('end', () => {
      seen.push({ url: incoming.url, body });
      response.end();
    });
  });
  const target = '/caches/users/a%2Fb%2f..%00//c;d?x=1&key=%ff+%20&&=';
  const body = 'a\0b\r\n\xff\xfe';
  const host = `Host: ${HOST}`;
  await lab.raw([`POST ${target} HTTP/1.1`, host, `Content-Length: ${body.length}`], body);
  const chunked = `${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n`;
  await lab.raw([`DELETE ${target} HTTP/1.1`, host, 'Transfer-Encoding: chunked'], chunked);
  await lab.raw([`POST /empty HTTP/1.1`, host]);
  assert.equal(seen, [
    { url: target, body },
    { url: target, body },
    { url: '/empty', body: '' },
  ]);
});

routing('other headers pass both ways as they are; those of one connection do not', async (lab) => {
  const { requests } = await lab.backend(0, {}, (_request, response) => {
    response.writeHead(404, 'Nothing', ['X-Two', '1', 'X-Two', '2', 'Connection', 'x-hop', 'X-Hop', '1']);
    response.end('no');
  });
  const reply = await lab.get(
    'X-MiXed: 1',
    'x-mixed: 2',
    'Te: trailers',
    'Keep-Alive: 5',
    'Authorization: Bearer t',
  );
  const raw = requests[0]?.rawHeaders ?? [];
  assert.equal(
    raw.filter((_, at) => /^x-mixed$/i.test(raw[at - (at % 2)]!)),
    ['X-MiXed', '1', 'x-mixed', '2'],
  );
  assert.is(sentTo(requests[0], 'Authorization'), 'Bearer t');
  assert.equal([sentTo(requests[0], 'Te'), sentTo(requests[0], 'Keep-Alive')], [undefined, undefined]);
  assert.is(reply.status, 404);
  assert.match(reply.text, 'HTTP/1.1 404 Nothing\r\nX-Two: 1\r\nX-Two: 2\r\n');
  assert.is(reply.headers.get('x-hop'), undefined);
  assert.is(reply.headers.get(ERROR), undefined, "an app's own 404 has no name of the router's");
});

routing('an answer is passed on as it comes, and breaks off where it does', async (lab) => {
  let more: (() => void) | undefined;
  await lab.backend(0, {}, (_request, response) => {
    response.write('first');
    more = () => response.destroy();
  });
  const asked = request({ port: lab.router.port, headers: { Host: HOST } }).end();
  const [reply] = await once(asked, 'response');
  const [chunk] = await once(reply, 'data');
  assert.is(String(chunk), 'first');
  const broken = once(reply, 'error');
  more!();
  assert.is((await broken)[0].message, 'aborted');
});

routing('a client that leaves is taken from the backend, too', async (lab) => {
  const gone = new Promise<void>((resolve) => {
    void lab
      .backend(0, {}, (_request, response) => {
        response.on('close', resolve);
        response.write('first');
      })
      .then(() => {
        const asked = request({ port: lab.router.port, headers: { Host: HOST } }).end();
        asked.on('error', () => undefined);
        asked.on('response', () => asked.destroy());
      });
  });
  await gone;
  assert.is(lab.router.requests[0]?.endpoint?.index, 0);
});

routing(
  'an idle connection of a client is closed after a while, without a word about when',
  async (lab) => {
    await lab.backend(0);
    const reply = await exchange(lab.router.port, `GET / HTTP/1.1\r\nHost: ${HOST}\r\n\r\n`);
    assert.is(reply.status, 200);
    assert.is(reply.headers.get('keep-alive'), undefined);
  },
  { idleTimeoutMs: 30 },
);

routing(
  'an idle connection to a backend is closed after a while',
  async (lab) => {
    const { connections, allClosed } = await lab.backend(0);
    await lab.get();
    assert.is(connections.length, 1);
    await allClosed();
  },
  { keepAlive: true, idleTimeoutMs: 30 },
);

routing('headers stripped on the way: nobody is addressed, whatever is asked', async (lab) => {
  const { requests } = await lab.backend(0);
  lab.router.faults.stripsAddressing = true;
  for (const header of [app(7), process(7), 'X-CF-APP-INSTANCE: rubbish']) {
    assert.is((await lab.get(header)).body, 'instance 0');
  }
  assert.ok(
    requests.every(({ headers }) => !headers['x-cf-app-instance'] && !headers['x-cf-process-instance']),
  );
});

routing('a router that does not know the process header ignores it and passes it on', async (lab) => {
  const { requests } = await lab.backend(0);
  lab.router.faults.ignoresProcessHeader = true;
  assert.is((await lab.get('X-CF-PROCESS-INSTANCE: anything')).body, 'instance 0');
  assert.is(sentTo(requests[0], 'X-CF-PROCESS-INSTANCE'), 'anything');
  assert.is((await lab.get(app(7), process(0))).status, 400);
});

routing('a router that has forgotten the instances: 400 for all with a header', async (lab) => {
  await lab.backend(0);
  lab.router.faults.forgetsInstances = true;
  for (const header of [app(0), process(0)]) {
    const reply = await lab.get(header);
    assert.equal([reply.status, reply.headers.get(ERROR)], [400, 'unknown_route']);
  }
  assert.is((await lab.get()).body, 'instance 0');
  lab.router.faults.forgetsInstances = false;
  assert.is((await lab.get(app(0))).body, 'instance 0');
});

/** Resolves when somebody has asked for the item, and found it. */
function whenFound(items: Set<string>, item: string): Promise<void> {
  return new Promise((resolve) => {
    items.has = (asked) => {
      const found = Set.prototype.has.call(items, asked);
      if (found && asked === item) resolve();
      return found;
    };
  });
}

routing('a hung instance takes the request and never answers; the others do', async (lab) => {
  const { requests } = await lab.backend(0);
  await lab.backend(1);
  const { hung } = lab.router.faults;
  hung.add('instance-0');
  const taken = whenFound(hung, 'instance-0');
  const asked = request({
    port: lab.router.port,
    headers: { Host: HOST, 'X-CF-APP-INSTANCE': `${APP}:0` },
  }).end();
  const failed = once(asked, 'error');
  assert.is((await lab.get(app(1))).body, 'instance 1');
  await taken;
  asked.destroy(new Error('given up'));
  assert.match(String((await failed)[0]), 'given up');
  hung.clear();
  assert.is((await lab.get(app(0))).body, 'instance 0');
  assert.is(requests.length, 1);
});

routing('a round trip takes at least the latency that is set', async (lab) => {
  await lab.backend(0);
  lab.router.faults.latencyMs = 40;
  const agent = new Agent({ keepAlive: true });
  const beganMs = performance.now();
  const asked = request({ port: lab.router.port, headers: { Host: HOST }, agent }).end();
  const [reply] = await once(asked, 'response');
  reply.resume();
  await once(reply, 'end');
  agent.destroy();
  // Timers may be early by a fraction of a millisecond.
  assert.ok(performance.now() - beganMs >= 39);
});

routing('what came is on record: method, target, headers, who was chosen, and what was said', async (lab) => {
  await lab.backend(4);
  await lab.raw(['PUT /a?b HTTP/1.1', `Host: ${HOST}:80`, app(4), 'Content-Length: 0']);
  await lab.get(process(5));
  const [first, second] = lab.router.requests;
  assert.equal(
    { ...first, endpoint: first?.endpoint?.instanceId },
    {
      method: 'PUT',
      target: '/a?b',
      host: `${HOST}:80`,
      appInstance: `${APP}:4`,
      processInstance: '',
      endpoint: 'instance-4',
      status: 200,
    },
  );
  assert.equal([second?.processInstance, second?.endpoint, second?.status], [`${WEB}:5`, undefined, 400]);
});

test.run();
