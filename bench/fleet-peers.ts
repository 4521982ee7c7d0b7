// Stand-in peers for the measurement of calls: each confirms what it is told, in signed answers, on a port of its own,
// after as long as the network would have taken. They verify nothing and read HTTP by the shortest way: one process
// does here for many what each would do for itself, and must not be what is measured. Prints its URLs as one line of
// JSON.
//
// Usage: node --import tsx bench/fleet-peers.ts COUNT DELAY_MS TOKEN

import { type AddressInfo, createServer, type Socket } from 'node:net';
import { replyInput } from '../src/fleet/auth/canonical.ts';
import { HEADERS, JSON_TYPE, WIRE_VERSION } from '../src/fleet/auth/head.ts';
import { digestOf, Key } from '../src/fleet/auth/keyring.ts';
import { type Identity, wireIdentity } from '../src/fleet/identity.ts';
import { fieldsOf } from '../src/fleet/sync-message.ts';

const [count = '50', delayMs = '20', token = ''] = process.argv.slice(2);
const key = new Key(token);
const DATE = new Date().toUTCString();

const urls = await Promise.all(Array.from({ length: Number(count) }, (_, index) => start(index)));
console.log(JSON.stringify(urls));

async function start(index: number): Promise<string> {
  const instance = `standin${String(index).padStart(6, '0')}`;
  const self: Identity = {
    incarnation: instance,
    index: String(index + 1),
    instanceId: instance,
    process: '',
    version: '0.0.0',
  };
  const server = createServer({ noDelay: true }, (socket) => converse(socket, self));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** One request at a time. All of the way is on the way back. */
function converse(socket: Socket, self: Identity): void {
  let text = '';
  socket.on('error', () => {});
  socket.on('data', (bytes) => {
    text += bytes.toString('latin1');
    const end = text.indexOf('\r\n\r\n') + 4;
    const head = text.slice(0, end);
    if (end < 4 || text.length < end + Number(/content-length: (\d+)/i.exec(head)?.[1] ?? 0)) return;
    const body = text.slice(end);
    text = '';
    const answered = answerTo(head, body, self);
    setTimeout(() => socket.write(answered, 'latin1'), Number(delayMs));
  });
}

function answerTo(head: string, body: string, self: Identity): string {
  const target = head.split(' ', 2)[1] ?? '';
  // What is asked without a signature measures the way there and back alone.
  if (target === '/ping') return 'HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\npong';
  const said = (name: string): string => new RegExp(`^${name}: (.*)\r$`, 'im').exec(head)?.[1] ?? '';
  const signed = {
    ...{ version: WIRE_VERSION, method: 'POST', target, from: said(HEADERS.from), to: said(HEADERS.to) },
    ...{ counter: said(HEADERS.counter), session: said(HEADERS.session), contentType: JSON_TYPE },
    digest: said(HEADERS.digest),
  };
  const reply = JSON.stringify(replyTo(target, fieldsOf(JSON.parse(body)), self));
  const from = self.incarnation;
  const digest = digestOf(Buffer.from(reply));
  const mac = key.sign(replyInput(signed, { status: 200, from, contentType: JSON_TYPE, digest }));
  return (
    `HTTP/1.1 200 OK\r\nContent-Type: ${JSON_TYPE}\r\nContent-Length: ${reply.length}\r\n` +
    `Cache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\nDate: ${DATE}\r\n` +
    `Connection: keep-alive\r\nKeep-Alive: timeout=90\r\n${HEADERS.version}: ${WIRE_VERSION}\r\n` +
    `${HEADERS.from}: ${from}\r\n${HEADERS.digest}: ${digest}\r\n${HEADERS.mac}: ${mac}\r\n\r\n${reply}`
  );
}

function replyTo(target: string, body: Readonly<Record<string, unknown>>, self: Identity): unknown {
  const { sequence, members, events } = body;
  if (target === '/fleet/hello') return { identity: wireIdentity(self), session: 's'.repeat(22) };
  if (target === '/fleet/sync') return { sequence: 0, seen: sequence, joined: true, members, modes: {} };
  if (target !== '/fleet/events' || !Array.isArray(events)) return {};
  const sequences = events.map((event) => fieldsOf(event).sequence as number);
  return { confirmed: Math.max(...sequences), results: sequences.map((one) => [one, 0, false]) };
}
