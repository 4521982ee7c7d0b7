// What every client library can do, by whatever name it does it; how each one does it is beside this.

export interface AnyClient {
  set(key: string, value: string): Promise<void>;
  setWithTtl(key: string, value: string, seconds: number): Promise<void>;
  get(key: string): Promise<string | null>;
  ttl(key: string): Promise<number>;
  del(...keys: string[]): Promise<number>;
  /** SET a key, INCR it `times` times and GET it, sent at once; what came back. */
  pipeline(key: string, times: number): Promise<unknown[]>;
  /** The same as a transaction. */
  multi(key: string, times: number): Promise<unknown[]>;
  /** Every key that matches, found by a whole round of SCAN. */
  scan(match: string): Promise<string[]>;
  /** Resolves once subscribed. */
  subscribe(channel: string, hear: (message: string) => void): Promise<void>;
  publish(channel: string, message: string): Promise<number>;
  /** As the server knows it. */
  id(): Promise<number>;
  /** What a command that there is not is answered. */
  nonsense(): Promise<string>;
  close(): Promise<void>;
}

export interface Library {
  readonly name: string;
  /** `socket` and `port` are of the same server. */
  connect(socket: string, port: number): Promise<AnyClient>;
}
