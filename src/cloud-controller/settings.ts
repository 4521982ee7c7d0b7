// How one Cloud Foundry API is reached, as the configuration gives it.

export type Credentials =
  /** UAA's password grant, with the client `cf` and no secret unless others are set. */
  | { readonly grant: 'password'; readonly username: string; readonly password: string }
  | { readonly grant: 'client_credentials'; readonly clientId: string; readonly clientSecret: string }
  | { readonly grant: 'refresh_token'; readonly refreshToken: string };

export interface ApiSettings {
  /** Names it in keys (`@eu/my-org`), logs and metrics; the first one is `default` unless it is called otherwise. */
  readonly name: string;
  /** Base URL, https://api.example.org, without a path's end. */
  readonly url: string;
  readonly credentials: Credentials;
  /** Extra CA certificates, a PEM file. */
  readonly caFile: string | undefined;
  /** False: certificates are not verified. */
  readonly verifyTls: boolean;
  /** http(s)://[user:password@]host:port; undefined: none. */
  readonly proxyUrl: string | undefined;
  /** Bounds one try of one request: headers and body. */
  readonly timeoutMs: number;
  /** Tries of one request, the first included. */
  readonly tries: number;
  /** Requests a second over all of this API, tries and tokens included; undefined: no limit of ours. */
  readonly requestsPerSecond: number | undefined;
  /** Requests at one time. */
  readonly concurrency: number;
  /** `per_page` of lists. */
  readonly pageSize: number;
}
