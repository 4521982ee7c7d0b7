// The hit that leaves in one write says what the same hit says through Node's public interface.

import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { type Daemon, startDaemon } from '../../src/daemon.ts';
import { responseClass } from '../../src/serve/http/one-write.ts';

const test = suite('one write');
const directory = mkdtempSync(join(tmpdir(), 'one-write-'));
const socketPath = join(directory, 's');
let daemon: Daemon;

test.before(async () => {
  daemon = await startDaemon({ flags: { socket: socketPath, drain: '0ms' }, env: {}, log: () => {} });
});

test.after(async () => {
  await daemon.close();
  rmSync(directory, { recursive: true, force: true });
});

test('this Node lets a hit leave in one write', () => {
  assert.ok(responseClass);
});

test('a hit says the same whichever way it leaves', async () => {
  await exchange(
    'PUT /caches/default/k HTTP/1.1\r\nContent-Type: text/x\r\nContent-Length: 3\r\nConnection: close\r\n\r\n\xff\x00z',
  );
  const [quick] = await exchange(
    'GET /caches/default/k HTTP/1.1\r\n\r\nGET /readyz HTTP/1.1\r\nConnection: close\r\n\r\n',
  );
  const [public_] = await exchange('GET /caches/default/k HTTP/1.1\r\nConnection: close\r\n\r\n');
  assert.ok(quick!.includes('Connection: keep-alive\r\nKeep-Alive: timeout=95\r\n'));
  assert.equal(withoutConnection(quick!), withoutConnection(public_!));
  assert.ok(quick!.endsWith('\r\n\r\n\xff\x00z'));
});

test('hits that are asked for in one packet are answered in order', async () => {
  const wanted = Array.from({ length: 200 }, (_, i) => `k${i}`);
  for (const key of wanted) {
    await exchange(
      `PUT /caches/default/${key} HTTP/1.1\r\nContent-Length: ${key.length}\r\nConnection: close\r\n\r\n${key}`,
    );
  }
  const gets = wanted.map((key) => `GET /caches/default/${key} HTTP/1.1\r\n\r\n`).join('');
  const answers = await exchange(`${gets}GET /readyz HTTP/1.1\r\nConnection: close\r\n\r\n`);
  assert.equal(
    answers.slice(0, -1).map((answer) => answer.slice(answer.indexOf('\r\n\r\n') + 4)),
    wanted,
  );
});

/** Sends the text as it is and returns the answers, each with its head. */
async function exchange(text: string): Promise<string[]> {
  const socket = connect(socketPath);
  socket.write(text, 'latin1');
  let answer = '';
  socket.on('data', (chunk) => {
    answer += chunk.toString('latin1');
  });
  await once(socket, 'close');
  return answer.split(/(?=HTTP\/1\.1 )/);
}

/** Lines in any order, without those that say whether the connection goes on. */
function withoutConnection(answer: string): string[] {
  const lines = answer.split('\r\n').filter((line) => !/^(Connection|Keep-Alive|Date):/.test(line));
  return lines.sort();
}

test.run();
