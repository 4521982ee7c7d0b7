// Replies that keep their place: where the next one is made, in what order they leave, what a place costs, and the end.

import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Account } from '../../../src/serve/resp/account.ts';
import { PendingReplies } from '../../../src/serve/resp/pending-replies.ts';
import { Reply } from '../../../src/serve/resp/reply.ts';
import { countedAccount } from './counted-account.ts';
import { textOf } from './push-clients.ts';

const test = suite('RESP pending replies');

class PendingLab {
  readonly shared = { scratch: new Reply() };
  /** In the order in which they left. */
  readonly sent: string[] = [];
  readonly seen = { usedBytes: 0, arrived: 0, failed: 0 };
  readonly account: Account;
  readonly replies: PendingReplies;

  constructor(roomBytes = 1 << 20) {
    const { seen, shared } = this;
    this.account = countedAccount(seen, roomBytes);
    const send = (reply: Reply): boolean => {
      if (reply.length > 0) this.sent.push(textOf(reply));
      reply.truncate(0);
      return true;
    };
    this.replies = new PendingReplies({
      ...{ shared, account: this.account, outbox: { send } },
      parted: () => void send(shared.scratch),
      arrived: () => void seen.arrived++,
      failed: () => void seen.failed++,
    });
  }

  say(text: string): void {
    this.replies.place().simple(text);
  }

  /** A command that waits; resolved when what it says is there. */
  wait(text: string, told = ''): () => Promise<void> {
    const reply = this.replies.place();
    const { mark } = reply;
    if (told) reply.simple(told);
    let arrive: () => void = () => {};
    this.replies.park(reply, mark, new Promise<void>((resolve) => (arrive = resolve)));
    return async () => {
      reply.simple(text);
      arrive();
      await new Promise(setImmediate);
    };
  }
}

test('while none waits replies are made in the scratch, and what stands before the first that does leaves at once', () => {
  const lab = new PendingLab();
  lab.say('a');
  assert.is(lab.replies.place(), lab.shared.scratch);
  assert.ok(lab.replies.isEmpty);
  lab.wait('b');
  assert.equal(lab.sent, ['+a']);
  assert.not(lab.replies.isEmpty);
  assert.is.not(lab.replies.place(), lab.shared.scratch);
});

test('they leave in order, whichever comes first, each once nothing before it waits', async () => {
  const lab = new PendingLab();
  const b = lab.wait('b');
  lab.say('c');
  const d = lab.wait('d');
  const e = lab.wait('e');
  lab.say('f');
  await e();
  assert.equal([lab.sent, lab.seen.arrived], [[], 1]);
  await b();
  assert.equal(lab.sent, ['+b', '+c']);
  await d();
  assert.equal(lab.sent, ['+b', '+c', '+d', '+e', '+f']);
  assert.is(lab.seen.arrived, 3);
  assert.is(lab.replies.place(), lab.shared.scratch);
});

test('what a command said before it waited is of its own reply', async () => {
  const lab = new PendingLab();
  const a = lab.wait('a', 'head-a');
  const b = lab.wait('b', 'head-b');
  assert.equal(lab.sent, []);
  await b();
  await a();
  assert.equal(lab.sent, ['+head-a +a', '+head-b +b']);
});

test('a place costs memory until its reply left, and none is kept that nothing stands in', async () => {
  const lab = new PendingLab();
  const a = lab.wait('a');
  const { usedBytes: one } = lab.seen;
  assert.ok(one > 0);
  const b = lab.wait('b');
  assert.is(lab.seen.usedBytes, 2 * one);
  lab.say('c');
  lab.say('d');
  assert.is(lab.seen.usedBytes, 3 * one);
  await a();
  assert.is(lab.seen.usedBytes, 2 * one);
  await b();
  assert.is(lab.seen.usedBytes, 0);
});

test('where there is no memory for a place it fails', () => {
  const lab = new PendingLab(1500);
  lab.wait('a');
  assert.is(lab.seen.failed, 0);
  lab.wait('b');
  assert.is(lab.seen.failed, 1);
});

test('there is a bound, and it is full until one that waits has left', async () => {
  const lab = new PendingLab(1 << 30);
  const first = lab.wait('a');
  let waiting = 1;
  for (; !lab.replies.isFull && waiting < 10_000; waiting++) lab.wait('b');
  assert.ok(waiting < 10_000);
  await first();
  assert.not(lab.replies.isFull);
});

test('once closed nothing leaves and nothing is said; what comes late gives back what it took', async () => {
  const lab = new PendingLab();
  const a = lab.wait('a');
  const b = lab.wait('x'.repeat(20_000));
  lab.replies.close();
  const { usedBytes } = lab.seen;
  await b();
  await a();
  assert.equal([lab.sent, lab.seen.arrived, lab.seen.usedBytes], [[], 0, usedBytes]);
  lab.account.close();
  assert.is(lab.seen.usedBytes, 0);
});

test.run();
