// The example app: reads users through the cache beside it, and does without while there is none.
//   GET /users/:id            what a browser asks for
//   GET /internal/users/:id   the slow origin: what the cache's loader asks for (see sidecache.yml)
//   GET /healthz              for the platform; says nothing about the cache, which the app can do without

import { createServer, request } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';

const socketPath = process.env.SIDECACHE_SOCKET || `${process.env.TMPDIR || '/tmp'}/sidecache.sock`;
const port = Number(process.env.PORT || 8080);

const server = createServer(async (incoming, outgoing) => {
  const path = incoming.url.split('?')[0];
  const id = path.split('/').at(-1);
  if (path === '/healthz') return send(outgoing, 200, 'ok');
  if (path === `/users/${id}`) return sendUser(outgoing, await cachedUser(id));
  if (path === `/internal/users/${id}`) return sendUser(outgoing, await slowUser(id));
  send(outgoing, 404, 'no such page');
});

/** The user as the cache has it, or straight from the origin while there is no cache to ask. */
async function cachedUser(id) {
  try {
    return await askCache(`/caches/users/${id}`);
  } catch {
    return slowUser(id);
  }
}

/** Resolves with the body and where it came from, with undefined for a 404; rejects when the cache cannot say. */
function askCache(path) {
  return new Promise((resolve, reject) => {
    const asked = request({ socketPath, path, timeout: 5000 }, (answer) => {
      const found = (chunks) => ({
        body: Buffer.concat(chunks),
        from: answer.headers['cache-status'] ?? 'cache',
      });
      answer.toArray().then((chunks) => {
        if (answer.statusCode === 200) resolve(found(chunks));
        else if (answer.statusCode === 404) resolve(undefined);
        else reject(new Error(`the cache answered ${answer.statusCode}`));
      }, reject);
    });
    asked.on('timeout', () => asked.destroy(new Error('the cache took too long')));
    asked.on('error', reject);
    asked.end();
  });
}

/** Stands for a database or a service that takes its time. Its users have numbers. */
async function slowUser(id) {
  await sleep(300);
  if (!/^\d+$/.test(id)) return undefined;
  return {
    body: JSON.stringify({ id, name: `User ${id}`, readAt: new Date().toISOString() }),
    from: 'origin',
  };
}

function sendUser(outgoing, user) {
  if (user === undefined) send(outgoing, 404, 'no such user');
  else send(outgoing, 200, user.body, { 'content-type': 'application/json', 'x-user-from': user.from });
}

function send(outgoing, status, body, headers = { 'content-type': 'text/plain' }) {
  outgoing.writeHead(status, headers).end(body);
}

// Longer than callers keep an idle connection: the router keeps one for 90 s, and a request must not meet a connection
// that is being closed at this end. Node's own 5 s would make loads and page views fail now and then.
server.keepAliveTimeout = 95_000;

server.listen(port, () => console.log(`the app listens on ${server.address().port}`));
// The daemon serves until the app has gone: finish what was begun, then leave.
process.once('SIGTERM', () => server.close());
