// What a client is sent unasked: when it leaves, what it stands behind, and who is given up for it.

import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { Pushes } from '../../../src/serve/resp/pushes.ts';
import { Reply } from '../../../src/serve/resp/reply.ts';
import { countedAccount } from './counted-account.ts';
import { textOf } from './push-clients.ts';

const test = suite('RESP pushes');

class PushesLab {
  readonly client: { proto: 2 | 3; closed: boolean } = { proto: 3, closed: false };
  /** Each as it left. */
  readonly sent: string[] = [];
  readonly outbox = { bytes: 0, send: (reply: Reply) => this.sent.push(textOf(reply)) > 0 };
  /** Of a command before: where it waits, its reply is behind others. */
  readonly reply = new Reply();
  readonly pending = { isEmpty: true, place: () => this.reply };
  readonly seen = { usedBytes: 0, failed: 0 };
  readonly pushes: Pushes;
  /** Called before memory is given: something may have to go for it. */
  onCharge: () => void = () => {};

  constructor(roomBytes = 4 << 20) {
    const { client, outbox, pending, seen } = this;
    const account = countedAccount(seen, roomBytes);
    const charge = account.charge.bind(account);
    account.charge = (bytes) => {
      this.onCharge();
      return charge(bytes);
    };
    this.pushes = new Pushes({ client, account, outbox, pending, failed: () => void seen.failed++ });
  }

  add(text: string): boolean {
    return this.pushes.add((reply) => reply.simple(text));
  }
}

test('what is told in one moment leaves with one write, when all that runs has run', async () => {
  const lab = new PushesLab();
  for (const text of ['a', 'b']) if (lab.add(text)) lab.pushes.sendSoon();
  assert.equal(lab.sent, []);
  assert.not(lab.pushes.isEmpty);
  await null;
  assert.equal(lab.sent, ['+a +b']);
  assert.ok(lab.pushes.isEmpty);
});

test('what is much does not wait for more, and holds no memory when it left', () => {
  const lab = new PushesLab();
  lab.add('x'.repeat(20_000));
  assert.ok(lab.seen.usedBytes > 0);
  lab.pushes.sendSoon();
  assert.is(lab.sent.length, 1);
  assert.is(lab.seen.usedBytes, 0);
});

test('behind the reply under way it leaves with that, and not again by itself', async () => {
  const lab = new PushesLab();
  lab.add('pushed');
  lab.pushes.sendSoon();
  lab.reply.simple('read');
  lab.pushes.append();
  await null;
  assert.is(textOf(lab.reply), '+read +pushed');
  assert.equal(lab.sent, []);
});

test('while a command waits it stands behind what was read before, however much it is', async () => {
  for (const text of ['changed', 'x'.repeat(5000)]) {
    const lab = new PushesLab();
    lab.pending.isEmpty = false;
    lab.reply.simple('read');
    lab.add(text);
    lab.pushes.sendSoon();
    await null;
    assert.is(textOf(lab.reply), `+read +${text}`);
    assert.equal(lab.sent, []);
    assert.is(lab.seen.usedBytes, 0);
  }
});

test('it is told in the protocol that the client speaks now', async () => {
  const lab = new PushesLab();
  for (const proto of [3, 2] as const) {
    lab.client.proto = proto;
    lab.pushes.add((reply) => reply.push(1));
  }
  lab.pushes.sendSoon();
  await null;
  assert.equal(lab.sent, ['>1 *1']);
});

test('who takes less than it is sent is given up over a bound, gathered or not taken', () => {
  const gathered = new PushesLab();
  let added = 0;
  while (added < 100 && gathered.add('x'.repeat(100_000))) added++;
  assert.ok(added > 10 && added < 100, `${added} pushes`);
  assert.is(gathered.seen.failed, 1);
  const slow = new PushesLab();
  slow.outbox.bytes = 100_000 * (added + 1);
  assert.not(slow.add('a'));
  assert.is(slow.seen.failed, 1);
});

test('what there is no memory for is taken back, and what was told before is whole', async () => {
  const lab = new PushesLab(10_000);
  lab.add('a');
  const added = lab.pushes.add((reply) => {
    reply.simple('half');
    reply.simple('x'.repeat(20_000));
  });
  assert.not(added);
  assert.is(lab.seen.failed, 1);
  lab.pushes.sendSoon();
  await null;
  assert.equal(lab.sent, ['+a']);
});

test('an error that is not of memory is not taken for one', () => {
  const lab = new PushesLab();
  assert.throws(
    () =>
      lab.pushes.add(() => {
        throw new TypeError('wrong');
      }),
    'wrong',
  );
  assert.is(lab.seen.failed, 0);
});

test('who is gone is told nothing, also of what waited to leave', async () => {
  const lab = new PushesLab();
  lab.add('x'.repeat(4000));
  lab.pushes.sendSoon();
  lab.client.closed = true;
  assert.not(lab.add('b'));
  await null;
  assert.equal(lab.sent, []);
  assert.ok(lab.pushes.isEmpty);
  assert.equal(lab.seen, { usedBytes: 0, failed: 0 });
});

test('what is told while another message is written, as room was made for it, comes behind it', () => {
  const lab = new PushesLab();
  lab.onCharge = () => {
    lab.onCharge = () => {};
    for (const text of ['one', 'two']) assert.not(lab.add(text), 'it is sent with the one under way');
  };
  assert.ok(lab.add('x'.repeat(10_000)));
  lab.pushes.send();
  assert.equal(lab.sent, [`+${'x'.repeat(10_000)} +one +two`]);
});

test.run();
