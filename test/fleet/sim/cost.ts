// What one call costs in a fleet of many: `node --import tsx test/fleet/sim/cost.ts [PEERS] [CALLS]`.
// 20 ms round trip. CPU is of the asker's core and of all peers' cores in one process, their JSON included, without
// sockets and signatures.

import type { Instance } from './instance.ts';
import { World } from './world.ts';

const peers = Number(process.argv[2] ?? 500);
const calls = Number(process.argv[3] ?? 20);

const world = new World(1);
world.network.latencyMs = [10, 10];
for (let i = 0; i <= peers; i++) {
  world.start(i);
  if (i % 25 === 0) await world.pass(300);
}
await world.pass(20_000);
const asker = world.instances[0]!;
console.log(
  `${peers} peers, ${asker.fleet.count} members known, all joined: ${world.instances.every(isJoined)}`,
);

const idle = await measure(() => world.pass(5000));
console.log(`an interval of the whole fleet, nothing to tell: ${idle.text}`);
await measure(() => call(5));
const one = await measure(() => call(1));
console.log(`one call: ${one.text}, ${one.simulatedMs.toFixed(0)} ms simulated`);
const many = await measure(() => call(calls));
console.log(`${calls} calls one after the other, each: ${perCall(many)}`);
const beganMs = world.clock.now();
const together = await measure(async () => {
  await world.until(Promise.all(Array.from({ length: calls }, () => asker.call('a/1', 5000).reports)));
});
console.log(
  `${calls} calls at once, each: ${perCall(together)}, all in ${(world.clock.now() - beganMs).toFixed(0)} ms`,
);
world.start(peers + 1);
await world.pass(30);
const joining = await measure(() => call(1));
console.log(`one call while another joins: ${joining.text}, ${joining.simulatedMs.toFixed(0)} ms simulated`);

async function call(times: number): Promise<void> {
  for (let i = 0; i < times; i++) await world.until(asker.call('a/1', 5000).reports);
}

async function measure(run: () => Promise<void>) {
  const [messages, bytes, atMs] = [world.network.messages, world.network.bytes, world.clock.now()];
  const before = process.cpuUsage();
  await run();
  const { user, system } = process.cpuUsage(before);
  const cost = {
    messages: world.network.messages - messages,
    bytes: world.network.bytes - bytes,
    cpuMs: (user + system) / 1000,
    simulatedMs: world.clock.now() - atMs,
  };
  return { ...cost, text: textOf(cost) };
}

function perCall({ messages, bytes, cpuMs }: { messages: number; bytes: number; cpuMs: number }): string {
  return textOf({ messages: messages / calls, bytes: bytes / calls, cpuMs: cpuMs / calls });
}

function textOf({ messages, bytes, cpuMs }: { messages: number; bytes: number; cpuMs: number }): string {
  return `${messages.toFixed(0)} messages, ${(bytes / 1000).toFixed(0)} kB there and back, ${cpuMs.toFixed(1)} ms CPU`;
}

function isJoined({ fleet }: Instance): boolean {
  return fleet.isJoined;
}
