// A real origin: nginx serving files of a temporary folder, with ETag and Cache-Control, and a log of what it was asked.

import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '../scripts/command.ts';
import { until } from './daemon.ts';

export interface Asked {
  readonly path: string;
  readonly status: number;
  /** The ETag that the answer was made conditional on. */
  readonly ifNoneMatch: string | undefined;
}

export class Nginx {
  readonly #folder: string;
  readonly #port: number;
  readonly #process: ChildProcess;
  #complaints = '';

  private constructor(program: string, folder: string, port: number) {
    this.#folder = folder;
    this.#port = port;
    this.#process = spawn(program, ['-p', folder, '-c', 'nginx.conf', '-e', 'stderr'], {
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    this.#process.stderr!.on('data', (text: Buffer) => {
      this.#complaints += text;
    });
  }

  /** `cacheControl`: what it says of every file. */
  static async start(program: string, cacheControl: string): Promise<Nginx> {
    const folder = mkdtempSync(join(tmpdir(), 'nginx-'));
    mkdirSync(join(folder, 'files'));
    writeFileSync(join(folder, 'access.log'), '');
    const port = await freePort();
    writeFileSync(join(folder, 'nginx.conf'), configuration(port, cacheControl));
    const nginx = new Nginx(program, folder, port);
    await until(
      () => accepts(port),
      () => `nginx does not listen: ${nginx.#complaints}`,
    );
    return nginx;
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  write(file: string, text: string): void {
    writeFileSync(join(this.#folder, 'files', file), text);
  }

  /** Every request that it answered, the first one first. */
  asked(): Asked[] {
    const lines = readFileSync(join(this.#folder, 'access.log'), 'utf8').split('\n').filter(Boolean);
    return lines.map((line) => {
      const [path = '', status, ifNoneMatch] = line.split('|');
      return { path, status: Number(status), ifNoneMatch: ifNoneMatch || undefined };
    });
  }

  async stop(): Promise<void> {
    const ended = new Promise((done) => this.#process.once('exit', done));
    this.#process.kill('SIGKILL');
    await ended;
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

function configuration(port: number, cacheControl: string): string {
  return `
daemon off;
master_process off;
pid nginx.pid;
events { worker_connections 64; }
http {
  log_format asked escape=none '$request_uri|$status|$http_if_none_match';
  access_log access.log asked;
  client_body_temp_path body;
  proxy_temp_path proxy;
  fastcgi_temp_path fastcgi;
  uwsgi_temp_path uwsgi;
  scgi_temp_path scgi;
  server {
    listen 127.0.0.1:${port};
    root files;
    default_type text/plain;
    add_header Cache-Control "${cacheControl}";
  }
}
`;
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => resolve(true));
    socket.once('error', () => resolve(false));
    socket.once('close', () => socket.destroy());
    socket.once('connect', () => socket.destroy());
  });
}
