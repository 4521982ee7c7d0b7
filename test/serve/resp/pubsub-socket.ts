// A RESP client that sends inline commands and shows what comes back, over the socket of a real daemon. Not for units.

import type { Socket } from 'node:net';
import { type Daemon, until } from '../../daemon/daemon.ts';

export class SocketClient {
  readonly socket: Socket;
  /** What came and was not taken, CRLF as a blank. */
  text = '';
  /** Bytes that came. */
  received = 0;
  isClosed = false;

  constructor(daemon: Daemon) {
    this.socket = daemon.connect();
    this.socket.setEncoding('latin1');
    this.socket.on('data', (chunk: string) => {
      this.received += chunk.length;
      this.text += chunk.replaceAll('\r\n', ' ');
    });
    this.socket.on('close', () => {
      this.isClosed = true;
    });
  }

  send(...lines: string[]): void {
    this.socket.write(lines.map((line) => `${line}\r\n`).join(''));
  }

  /** Resolves when exactly this has come, and takes it. */
  async takes(expected: string): Promise<void> {
    await until(
      () => this.text.length > expected.length,
      () => `it came: ${this.text}, in place of ${expected}`,
    );
    if (this.text !== `${expected} `) throw new Error(`it came: ${this.text}, in place of ${expected}`);
    this.text = '';
  }

  /** Resolves when what has come is such, and takes it. */
  async reads(expected: RegExp): Promise<string> {
    await until(
      () => expected.test(this.text),
      () => `it came: ${this.text}, in place of ${expected}`,
    );
    const { text } = this;
    this.text = '';
    return text;
  }

  /** Sends the line, and takes what is expected of it. */
  async says(line: string, expected: string): Promise<void> {
    this.send(line);
    await this.takes(expected);
  }

  end(): void {
    this.socket.destroy();
  }
}
