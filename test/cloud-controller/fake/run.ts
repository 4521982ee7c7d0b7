// Starts the fake cloud by itself, so that a person can point a daemon, or curl, at it.
// Usage: node --import tsx test/cloud-controller/fake/run.ts [--organizations N] [--spaces N] [--applications N]
//        [--instances N] [--port N] [--per-second N]

import { parseArgs } from 'node:util';
import { FakeCloud } from './fake-cloud.ts';

const { values } = parseArgs({
  options: {
    organizations: { type: 'string', default: '250' },
    spaces: { type: 'string', default: '1000' },
    applications: { type: 'string', default: '3000' },
    instances: { type: 'string', default: '1' },
    port: { type: 'string', default: '0' },
    'per-second': { type: 'string' },
  },
});

const cloud = await FakeCloud.start({ port: Number(values.port) });
cloud.seed({
  organizations: Number(values.organizations),
  spaces: Number(values.spaces),
  applications: Number(values.applications),
  instances: Number(values.instances),
});
const perSecond = values['per-second'];
if (perSecond !== undefined) cloud.rateLimit({ perSecond: Number(perSecond), retryAfterSeconds: 1 });
const [user, password] = [...cloud.uaa.users][0]!;
console.log(`url: ${cloud.url}`);
console.log(`user: ${user}`);
console.log(`password: ${password}`);

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => {
    console.log(`asked: ${JSON.stringify(cloud.counts())}`);
    void cloud.close();
  });
}
