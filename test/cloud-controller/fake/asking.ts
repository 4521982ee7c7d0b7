// Asks the fake cloud as a client would, for its own tests.

import type { FakeCloud } from './fake-cloud.ts';

export interface Answered {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  readonly body: Said;
}

/** The members that tests look at, each where some answer has it. */
export interface Said {
  readonly guid: string;
  readonly name: string;
  readonly state: string;
  readonly url: string;
  readonly instances: number;
  readonly destinations: readonly { readonly port: number }[];
  readonly links: Readonly<Record<string, Link>>;
  readonly resources: readonly Said[];
  readonly pagination: {
    readonly total_results: number;
    readonly total_pages: number;
    readonly last: Link;
    readonly next: Link | null;
    readonly previous: Link | null;
  };
  readonly errors: readonly { readonly code: number; readonly title: string; readonly detail: string }[];
  readonly error: string;
  readonly token_type: string;
  readonly expires_in: number;
  readonly access_token: string;
  readonly refresh_token: string | undefined;
}

export interface Link {
  readonly href: string;
}

export async function newToken(
  cloud: FakeCloud,
  form?: Record<string, string>,
  client = 'cf:',
): Promise<Answered> {
  const [username = '', password = ''] = [...cloud.uaa.users][0] ?? [];
  return await answered(`${cloud.url}/uaa/oauth/token`, {
    method: 'POST',
    headers: { authorization: `Basic ${Buffer.from(client).toString('base64')}` },
    body: new URLSearchParams(form ?? { grant_type: 'password', username, password }),
  });
}

/** With a token of its own. `path` may be a whole URL, as links are. */
export async function ask(cloud: FakeCloud, path: string): Promise<Answered> {
  const token = (await newToken(cloud)).body.access_token;
  return await askWith(cloud, path, `bearer ${token}`);
}

export async function askWith(cloud: FakeCloud, path: string, authorization?: string): Promise<Answered> {
  const headers: Record<string, string> = authorization === undefined ? {} : { authorization };
  return await answered(new URL(path, cloud.url).href, { headers });
}

async function answered(url: string, init: RequestInit): Promise<Answered> {
  const response = await fetch(url, init);
  const text = await response.text();
  const isJson = text.startsWith('{');
  return {
    status: response.status,
    headers: response.headers,
    text,
    body: JSON.parse(isJson ? text : '{}'),
  };
}
