// What the daemon answered as JSON, read without trusting its shape: a newer or older daemon may be at the other end.

import type { IncomingMessage } from 'node:http';

export type Fields = Readonly<Record<string, unknown>>;

export async function readBody(reply: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of reply as AsyncIterable<Buffer>) chunks.push(chunk);
  return Buffer.concat(chunks);
}

/** Undefined where the body is no JSON object. */
export async function readFields(reply: IncomingMessage): Promise<Fields | undefined> {
  const text = (await readBody(reply)).toString('utf8');
  try {
    const parsed: unknown = JSON.parse(text);
    return isFields(parsed) ? parsed : undefined;
  } catch {
    return undefined;
  }
}

export function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function fieldsAt(from: Fields, name: string): Fields {
  const value = from[name];
  return isFields(value) ? value : {};
}

export function rowsAt(from: Fields, name: string): readonly Fields[] {
  const value = from[name];
  return Array.isArray(value) ? value.filter(isFields) : [];
}

export function stringsAt(from: Fields, name: string): readonly string[] {
  const value = from[name];
  return Array.isArray(value) ? value.filter((one) => typeof one === 'string') : [];
}

export function numberAt(from: Fields, name: string): number | undefined {
  const value = from[name];
  return typeof value === 'number' ? value : undefined;
}

/** Text or number as text; anything else is not there. */
export function textAt(from: Fields, name: string): string | undefined {
  const value = from[name];
  return typeof value === 'string' || typeof value === 'number' ? String(value) : undefined;
}
