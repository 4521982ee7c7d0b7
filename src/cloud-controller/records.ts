// What is kept of the Cloud Controller's resources: names, guids and what discovery needs.

export interface Organization {
  readonly guid: string;
  readonly name: string;
  readonly suspended: boolean;
}

export interface Space {
  readonly guid: string;
  readonly name: string;
  readonly organizationGuid: string;
}

export interface Application {
  readonly guid: string;
  readonly name: string;
  /** STARTED or STOPPED. */
  readonly state: string;
  readonly spaceGuid: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
}

export interface Domain {
  readonly guid: string;
  readonly name: string;
  readonly internal: boolean;
  /** Of the owner; undefined: it is everybody's. */
  readonly organizationGuid: string | undefined;
  readonly sharedWith: readonly string[];
}

export interface Route {
  readonly guid: string;
  readonly host: string;
  /** '' or begins with '/'. */
  readonly path: string;
  /** host.domain[:port][/path], without a scheme. */
  readonly url: string;
  readonly domainGuid: string;
  readonly destinations: readonly Destination[];
}

export interface Destination {
  readonly appGuid: string;
  readonly processType: string;
  /** Undefined: the app's own. */
  readonly port: number | undefined;
  /** http1, http2 or tcp; undefined: not said. */
  readonly protocol: string | undefined;
}

export interface Process {
  readonly guid: string;
  readonly appGuid: string;
  readonly type: string;
  /** How many are wanted; an app that is STARTED runs as many. */
  readonly instances: number;
}
