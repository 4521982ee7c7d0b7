// A daemon with the preset before a fake cloud. Not for units.

import { FakeCloud } from '../cloud-controller/fake/fake-cloud.ts';
import { Daemon, type DaemonOptions } from './daemon.ts';

export const USERNAME = 'admin';
export const PASSWORD = 'secret-of-admin';

export interface LandscapeOptions extends Omit<DaemonOptions, 'config' | 'configText'> {
  cloudfoundry?: object;
  /** What else stands in the configuration. */
  config?: object;
}

/** As an operator would write it. The API may be slow where the machine is. */
export function landscapeConfig({ url }: FakeCloud, cloudfoundry: object = {}): object {
  const api = { api: url, username: USERNAME, password: PASSWORD, timeout: '10s' };
  return { preset: 'cloudfoundry', cloudfoundry: { ...api, ...cloudfoundry } };
}

export class LandscapeDaemon {
  readonly cloud: FakeCloud;
  readonly daemon: Daemon;

  private constructor(cloud: FakeCloud, daemon: Daemon) {
    this.cloud = cloud;
    this.daemon = daemon;
  }

  /** The cloud is the daemon's, and ends with it. */
  static async start(cloud: FakeCloud, options: LandscapeOptions = {}): Promise<LandscapeDaemon> {
    const { cloudfoundry = { targets: [{}] }, config, ...rest } = options;
    try {
      const daemon = await Daemon.start({
        config: { ...landscapeConfig(cloud, cloudfoundry), ...config },
        ...rest,
      });
      return new LandscapeDaemon(cloud, daemon);
    } catch (error) {
      await cloud.close();
      throw error;
    }
  }

  async close(): Promise<void> {
    await this.daemon.stop('SIGKILL');
    await this.cloud.close();
  }
}

export interface Entry {
  readonly targets: readonly string[];
  readonly labels: Readonly<Record<string, string>>;
}

export async function discovered(daemon: Daemon, query = ''): Promise<Entry[]> {
  const { status, text } = await daemon.request(`/discovery${query}`);
  if (status !== 200) throw new Error(`/discovery${query} answered ${status}: ${text}`);
  return JSON.parse(text);
}

/** `shop` with two instances in my-org/my-space. */
export async function smallCloud(): Promise<FakeCloud> {
  const cloud = await FakeCloud.start();
  const space = cloud.addSpace(cloud.addOrganization('my-org'), 'my-space');
  const routes = [{ host: 'shop', domain: 'apps.example.org' }];
  cloud.addApplication(space, { name: 'shop', instances: 2, routes });
  return cloud;
}

/** To the space of the small cloud. */
export function addApplication(cloud: FakeCloud, name: string): void {
  const [space] = cloud.spaces.values();
  cloud.addApplication(space!, { name, routes: [{ host: name, domain: 'apps.example.org' }] });
}

export function namesIn(entries: readonly Entry[]): string[] {
  return entries.map(
    ({ labels }) => `${labels.__meta_cf_applicationName}/${labels.__meta_cf_instanceNumber}`,
  );
}
