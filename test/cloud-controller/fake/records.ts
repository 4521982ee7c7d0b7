// What the fake cloud holds: one record a resource, as tests see them. Tests change them by the methods of Contents only.

export interface OrganizationRecord {
  readonly guid: string;
  name: string;
  suspended: boolean;
}

export interface SpaceRecord {
  readonly guid: string;
  name: string;
  readonly organization: OrganizationRecord;
}

export interface ApplicationRecord {
  readonly guid: string;
  name: string;
  state: 'STARTED' | 'STOPPED';
  readonly space: SpaceRecord;
  labels: Record<string, string>;
  annotations: Record<string, string>;
}

export interface DomainRecord {
  readonly guid: string;
  name: string;
  readonly internal: boolean;
  /** Undefined: everybody's. */
  readonly organization: OrganizationRecord | undefined;
  readonly sharedWith: OrganizationRecord[];
}

export interface DestinationRecord {
  readonly guid: string;
  readonly application: ApplicationRecord;
  readonly processType: string;
  /** Null: the app's own. */
  readonly port: number | null;
  readonly protocol: string | null;
}

export interface RouteRecord {
  readonly guid: string;
  readonly host: string;
  readonly domain: DomainRecord;
  readonly space: SpaceRecord;
  /** '' or begins with '/'. */
  readonly path: string;
  /** Of a TCP route. */
  readonly port: number | undefined;
  readonly destinations: DestinationRecord[];
}

export interface ProcessRecord {
  readonly guid: string;
  readonly type: string;
  readonly application: ApplicationRecord;
  instances: number;
}
