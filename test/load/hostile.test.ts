import type { Socket } from 'node:net';
import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { LoaderConfig } from '../../src/config/config.ts';
import { LoadError } from '../../src/errors.ts';
import { failureOf, load, loaderFor, loadText, RememberingSink } from './loading.ts';
import { closedPort, startRawOrigin } from './origin.ts';

const test = suite('hostile origins');

interface Claim {
  answer(socket: Socket, n: number): void;
  /** What the message says after the origin. */
  says: string;
  code?: 'load_failed' | 'load_timeout';
  config?: Partial<LoaderConfig>;
  /** Bytes that reached the sink before it failed. */
  sunk?: string;
  maxValueBytes?: number;
}

/** The load fails in these words, once, and leaves no connection open. */
function failure(
  name: string,
  { answer, says, code = 'load_failed', config, sunk, maxValueBytes }: Claim,
): void {
  test(name, async () => {
    const origin = await startRawOrigin(answer);
    const loader = loaderFor(
      `${origin.url}/private-key/{key}`,
      config,
      maxValueBytes === undefined ? {} : { maxValueBytes },
    );
    try {
      const sink = new RememberingSink();
      const error = await failureOf(load(loader, 'private-key', { sink }));
      assert.is(error.message, `${origin.url} ${says}`);
      assert.is(error.code, code);
      assert.is(error.unreachable, false);
      if (sunk !== undefined) assert.is(sink.text, sunk);
      assert.not.match(tellsOf(error), 'private-key');
      await origin.allClosed();
    } finally {
      loader.close();
      await origin.close();
    }
  });
}

/** All that a log could show of an error. */
function tellsOf(error: LoadError): string {
  const cause = error.cause instanceof Error ? `${error.cause.stack} ${JSON.stringify(error.cause)}` : '';
  return `${error.stack} ${cause}`;
}

const SHORT = { timeoutMs: 600 };

failure('an origin that closes before it answers', {
  answer: (socket) => socket.end(),
  says: 'closed the connection before it answered',
});

failure('an origin that resets before it answers', {
  answer: (socket) => socket.resetAndDestroy(),
  says: 'closed the connection before it answered',
});

failure('an origin that closes within the headers', {
  answer: (socket) => socket.end('HTTP/1.1 200 OK\r\ncontent-'),
  says: 'closed the connection before it answered',
});

failure('an origin that never answers', {
  answer: () => undefined,
  says: 'did not answer within 600 ms',
  code: 'load_timeout',
  config: SHORT,
});

failure('an origin that hangs after the headers', {
  answer: (socket) => socket.write('HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\n'),
  says: 'answered, but not to the end within 600 ms',
  code: 'load_timeout',
  config: SHORT,
});

failure('an origin that hangs within the headers', {
  answer: (socket) => socket.write('HTTP/1.1 200 OK\r\nx-a: b\r\n'),
  says: 'did not answer within 600 ms',
  code: 'load_timeout',
  config: SHORT,
});

failure('an origin that drips a body without end does not outlast the time-out', {
  answer: (socket) => {
    socket.write('HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n');
    repeatedly(socket, 20, 'x');
  },
  says: 'answered, but not to the end within 600 ms',
  code: 'load_timeout',
  config: SHORT,
});

failure('an origin that drips headers without end does not outlast the time-out', {
  answer: (socket) => {
    socket.write('HTTP/1.1 200 OK\r\n');
    repeatedly(socket, 20, 'a: b\r\n');
  },
  says: 'did not answer within 600 ms',
  code: 'load_timeout',
  config: SHORT,
});

failure('an origin that drips a failure, not a value, is told by its status', {
  answer: (socket) => {
    socket.write('HTTP/1.1 500 Oh\r\ncontent-length: 1000\r\n\r\n');
    repeatedly(socket, 20, 'x');
  },
  says: 'answered 500',
  config: SHORT,
});

failure('a flood of 1xx answers does not outlast the time-out', {
  answer: (socket) => repeatedly(socket, 1, 'HTTP/1.1 103 Early\r\nlink: </a>\r\n\r\n'.repeat(100)),
  says: 'did not answer within 600 ms',
  code: 'load_timeout',
  config: SHORT,
});

failure('an origin that switches protocols unasked', {
  answer: (socket) => socket.write('HTTP/1.1 101 Switching\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n'),
  says: 'answered 101, though no other protocol was asked for',
});

failure('an origin that does not speak HTTP', {
  answer: (socket) => socket.end('+PONG\r\n'),
  says: 'answered with something that is not HTTP (HPE_INVALID_CONSTANT)',
  config: { retries: 3 },
});

failure('an origin that speaks TLS where none was asked', {
  answer: (socket) => socket.end(Buffer.from([0x15, 0x03, 0x01, 0x00, 0x02, 0x02, 0x46])),
  says: 'answered with something that is not HTTP (HPE_INVALID_CONSTANT)',
});

failure('an origin that sends headers without end', {
  answer: (socket) => {
    socket.write('HTTP/1.1 200 OK\r\n');
    flood(socket, `x-header: ${'x'.repeat(1000)}\r\n`);
  },
  says: 'answered with more header bytes than the 16 KiB allowed',
});

failure('an origin that sends one header without end', {
  answer: (socket) => {
    socket.write('HTTP/1.1 200 OK\r\nx: ');
    flood(socket, 'x'.repeat(10_000));
  },
  says: 'answered with more header bytes than the 16 KiB allowed',
});

failure('a body without end is given up where max_value is passed', {
  answer: (socket) => {
    socket.write('HTTP/1.1 200 OK\r\n\r\n');
    flood(socket, 'x'.repeat(10_000));
  },
  says: 'answered with more than the 50000 bytes of max_value',
  maxValueBytes: 50_000,
});

failure('a length over max_value is refused before its body', {
  answer: (socket) => socket.write('HTTP/1.1 200 OK\r\ncontent-length: 50001\r\n\r\nx'),
  says: 'answered with more than the 50000 bytes of max_value',
  maxValueBytes: 50_000,
  sunk: '',
});

failure('a body shorter than its length', {
  answer: (socket) => socket.end('HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhello'),
  says: 'closed the connection before the end of its answer',
  sunk: 'hello',
});

failure('a body that is cut between chunks', {
  answer: (socket) => socket.end('HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n'),
  says: 'closed the connection before the end of its answer',
  sunk: 'hello',
});

failure('a body that is cut within a chunk', {
  answer: (socket) => socket.end('HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nff\r\nhello'),
  says: 'closed the connection before the end of its answer',
  sunk: 'hello',
});

failure('a reset within the body', {
  answer: (socket) => {
    socket.write('HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhello', () =>
      setImmediate(() => socket.resetAndDestroy()),
    );
  },
  says: 'closed the connection before the end of its answer',
});

failure('a chunk that is none', {
  answer: (socket) =>
    socket.end('HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\nzzz\r\n'),
  says: 'answered with something that is not HTTP (HPE_INVALID_CHUNK_SIZE)',
});

failure('both a length and chunks', {
  answer: (socket) =>
    socket.end(
      'HTTP/1.1 200 OK\r\ncontent-length: 3\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n',
    ),
  says: 'answered with something that is not HTTP (HPE_INVALID_TRANSFER_ENCODING)',
});

failure('two lengths', {
  answer: (socket) => socket.end('HTTP/1.1 200 OK\r\ncontent-length: 3\r\ncontent-length: 5\r\n\r\nhello'),
  says: 'answered with something that is not HTTP (HPE_UNEXPECTED_CONTENT_LENGTH)',
});

failure('a length that is no number', {
  answer: (socket) => socket.end('HTTP/1.1 200 OK\r\ncontent-length: -1\r\n\r\nhello'),
  says: 'answered with something that is not HTTP (HPE_INVALID_CONTENT_LENGTH)',
});

failure('an encoding that was not accepted', {
  answer: (socket) => socket.write('HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: 9\r\n\r\nx'),
  says: 'answered with a Content-Encoding, though none was accepted',
  sunk: '',
});

test('a port where nothing listens is an origin that refused, and is not reachable', async () => {
  const port = await closedPort();
  const error = await failureOf(load(loaderFor(`http://127.0.0.1:${port}/private-key/{key}`), 'private-key'));
  assert.is(error.message, `http://127.0.0.1:${port} refused the connection`);
  assert.is(error.unreachable, true);
  assert.match(String(error.cause), 'ECONNREFUSED');
  assert.not.match(tellsOf(error), 'private-key');
});

test('a host that does not exist is not reachable', async () => {
  const error = await failureOf(load(loaderFor('http://no-such-host.invalid/{key}'), 'private-key'));
  assert.match(error.message, /^http:\/\/no-such-host\.invalid could not be resolved/);
  assert.is(error.unreachable, true);
  assert.not.match(tellsOf(error), 'private-key');
});

/** Answers whose end comes in pieces; node-fetch by itself takes some of them for cut. */
for (const [name, pieces] of [
  ['trailers', ['0\r\nx-sum: 1\r\n\r\n']],
  ['an end in single bytes', ['0', '\r', '\n', '\r', '\n']],
  ['an end together with the last chunk', ['1\r\n!\r\n0\r\n', '\r\n']],
] as const) {
  test(`a whole body of chunks with ${name}, after which the origin closes, is a value`, async () => {
    const origin = await startRawOrigin((socket) => {
      socket.setNoDelay(true);
      const head = 'HTTP/1.1 200 OK\r\nconnection: close\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n';
      inTurn(socket, [head, ...pieces]);
    });
    const loader = loaderFor(`${origin.url}/{key}`);
    assert.match(await loadText(loader, 'k'), /^hello!?$/);
    await origin.allClosed();
    await origin.close();
  });
}

test('a body that ends with the connection is a value', async () => {
  const origin = await startRawOrigin((socket) => socket.end('HTTP/1.0 200 OK\r\n\r\nhello'));
  assert.is(await loadText(loaderFor(`${origin.url}/{key}`), 'k'), 'hello');
  await origin.close();
});

test('a few 1xx answers before the real one do no harm', async () => {
  const origin = await startRawOrigin((socket) => {
    socket.end(`${'HTTP/1.1 103 Early\r\n\r\n'.repeat(20)}HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello`);
  });
  assert.is(await loadText(loaderFor(`${origin.url}/{key}`), 'k'), 'hello');
  await origin.close();
});

test('bytes after an answer do not become the next one', async () => {
  const origin = await startRawOrigin((socket, n) => {
    const answer = (text: string): string =>
      `HTTP/1.1 200 OK\r\ncontent-length: ${text.length}\r\n\r\n${text}`;
    socket.write(n === 0 ? answer('mine') + answer('smuggled') : answer(`answer ${n}`));
  });
  const loader = loaderFor(`${origin.url}/{key}`);
  assert.is(await loadText(loader, 'k'), 'mine');
  assert.is(await loadText(loader, 'k'), 'answer 1');
  loader.close();
  await origin.close();
});

test('a hundred hostile answers at once leave the loader as it was', async () => {
  const bad = ['', 'garbage\r\n\r\n', 'HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nx', 'HTTP/1.1 200 OK\r\n'];
  const origin = await startRawOrigin((socket, n) => {
    if (n < 100) socket.end(bad[n % bad.length] ?? '');
    else socket.end('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok');
  });
  const loader = loaderFor(`${origin.url}/{key}`, { concurrency: 100 });
  await Promise.all(Array.from({ length: 100 }, () => failureOf(load(loader, 'k'))));
  await origin.allClosed();
  assert.is(await loadText(loader, 'k'), 'ok');
  await origin.close();
});

test('no mangled answer makes a load hang, escape as another error, or keep its connection', async () => {
  const whole = 'HTTP/1.1 200 OK\r\netag: "v"\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n';
  const noise = fc.constantFrom(
    '',
    '\r\n',
    '\0',
    '\xff',
    ':',
    'HTTP/1.1 302 Found\r\nlocation: /x\r\n\r\n',
    '7f',
    '-1',
  );
  const cut = fc.record({ at: fc.nat(whole.length), skip: fc.nat(9), noise });
  const mangled = fc.tuple(fc.array(cut, { maxLength: 3 }), fc.boolean());
  let answer = '';
  let resets = false;
  const origin = await startRawOrigin((socket) => {
    socket.write(answer, 'latin1', () => (resets ? socket.resetAndDestroy() : socket.end()));
  });
  const loader = loaderFor(`${origin.url}/{key}`, { retries: 1 });
  await fc.assert(
    fc.asyncProperty(mangled, async ([cuts, reset]) => {
      answer = cuts.reduce(
        (text, { at, skip, noise }) => text.slice(0, at) + noise + text.slice(at + skip),
        whole,
      );
      resets = reset;
      await load(loader, 'k').catch((error: unknown) => assert.instance(error, LoadError));
    }),
    { numRuns: 200 },
  );
  await origin.allClosed();
  loader.close();
  await origin.close();
});

/** Writes again and again until the connection is gone: time is the origin's weapon here. */
function repeatedly(socket: Socket, everyMs: number, text: string): void {
  const timer = setInterval(() => socket.write(text), everyMs);
  socket.once('close', () => clearInterval(timer));
}

function flood(socket: Socket, text: string): void {
  const more = (): void => {
    while (!socket.destroyed && socket.write(text));
  };
  socket.on('drain', more);
  more();
}

/** Each piece in a packet of its own, then the end. */
function inTurn(socket: Socket, pieces: readonly string[]): void {
  const [piece, ...rest] = pieces;
  if (piece === undefined) socket.end();
  else socket.write(piece, () => setTimeout(() => inTurn(socket, rest), 5));
}

test.run();
