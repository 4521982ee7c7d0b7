// `host:port` as written in the configuration, and whether it stays inside the container.

import type { ListenAddress } from './config.ts';

const ADDRESS = /^(?:\[([0-9a-fA-F:.]+)\]|([^\s:[\]/@?#]+)):(\d{1,5})$/;

export function parseAddress(text: string): ListenAddress | undefined {
  const match = ADDRESS.exec(text.trim());
  const host = match?.[1] ?? match?.[2];
  const port = Number(match?.[3]);
  return host === undefined || port > 65_535 ? undefined : { host, port };
}

export function formatAddress(address: ListenAddress): string {
  return `${address.host.includes(':') ? `[${address.host}]` : address.host}:${address.port}`;
}

/** 127.0.0.0/8, ::1 and `localhost`; names are not looked up. */
export function isLoopback(host: string): boolean {
  return host.toLowerCase() === 'localhost' || host === '::1' || isLoopbackV4(host);
}

function isLoopbackV4(host: string): boolean {
  const match = /^127\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/.exec(host);
  return match?.slice(1).every((part) => Number(part) <= 255) ?? false;
}
