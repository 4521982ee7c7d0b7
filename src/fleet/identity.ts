// Who a daemon is to its peers.

export interface Identity {
  /** Start time and randomness, new at every start: it is what counts, not the index. */
  readonly incarnation: string;
  /** As the platform numbers instances; `-` where it does not. */
  readonly index: string;
  readonly instanceId: string;
  /** Guid of the Cloud Foundry process; empty elsewhere. Two processes share indices during a rolling deploy. */
  readonly process: string;
  readonly version: string;
}

const INCARNATION = /^[0-9a-z]{8,64}$/;
const INDEX = /^[A-Za-z0-9._-]{1,64}$/;
const INSTANCE_ID = /^[\x21-\x7e]{1,128}$/;
const PROCESS = /^[0-9a-f-]{0,64}$/;
const VERSION = /^[\x21-\x7e]{1,64}$/;

export function isIncarnation(value: unknown): value is string {
  return typeof value === 'string' && INCARNATION.test(value);
}

/** What came over the wire, or undefined where it is no identity. */
export function parseIdentity(value: unknown): Identity | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const { incarnation, index, instance_id, process, version } = value as Record<string, unknown>;
  if (!isIncarnation(incarnation)) return undefined;
  if (!matches(index, INDEX) || !matches(instance_id, INSTANCE_ID)) return undefined;
  if (!matches(process, PROCESS) || !matches(version, VERSION)) return undefined;
  return { incarnation, index, instanceId: instance_id, process, version };
}

/** As it stands on the wire. */
export function wireIdentity({ incarnation, index, instanceId, process, version }: Identity): object {
  return { incarnation, index, instance_id: instanceId, process, version };
}

function matches(value: unknown, form: RegExp): value is string {
  return typeof value === 'string' && form.test(value);
}
