// Requests to the demo's servers.

import { type IncomingHttpHeaders, request } from 'node:http';

export interface Asked {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

export interface Answered {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** Whatever the status; a connection of its own. */
export function ask(url: string, { method = 'GET', headers = {}, body }: Asked = {}): Promise<Answered> {
  return new Promise((resolve, reject) => {
    const asked = request(url, { method, headers, agent: false }, (reply) => {
      const chunks: Buffer[] = [];
      reply.on('data', (chunk: Buffer) => chunks.push(chunk));
      reply.on('error', reject);
      reply.on('end', () => {
        const { statusCode = 0, headers: said } = reply;
        resolve({ status: statusCode, headers: said, body: Buffer.concat(chunks).toString() });
      });
    });
    asked.on('error', reject);
    asked.end(body);
  });
}

// biome-ignore lint/suspicious/noExplicitAny: what a server says is asserted on, not relied upon
export async function askJson(url: string, asked: Asked = {}): Promise<any> {
  return JSON.parse((await ask(url, asked)).body);
}

export function post(url: string, body?: string, headers: Record<string, string> = {}): Promise<Answered> {
  return ask(url, { method: 'POST', headers, body });
}
