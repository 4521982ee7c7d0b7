// Who this app is on Cloud Foundry, as VCAP_APPLICATION tells it.

import { baseUrlProblem } from './http-url.ts';

export interface Application {
  readonly appGuid: string;
  /** Empty where the platform does not tell. */
  readonly processGuid: string;
  /** Fit to stand in a command: `APP` where it is not told, or would need quoting. */
  readonly appName: string;
}

/** Without the guids' form nothing could be addressed by them; the router compares lower case. */
const GUID = /^[0-9a-f-]{1,64}$/;

const NAME = /^\w[\w.-]{0,254}$/;

/** `problem` continues a sentence that begins with the daemon running alone. */
export function applicationOf(vcapApplication: string | undefined): Application | { problem: string } {
  if (!vcapApplication) return { problem: 'VCAP_APPLICATION is not set, as it is on Cloud Foundry' };
  const { application_id, process_id, application_name: name } = fieldsOf(vcapApplication) ?? {};
  const appGuid = guidOf(application_id);
  if (appGuid === '') return { problem: 'VCAP_APPLICATION holds no application_id' };
  const appName = typeof name === 'string' && NAME.test(name) ? name : 'APP';
  return { appGuid, processGuid: guidOf(process_id), appName };
}

/** The URL of the API that this app runs at; undefined where none is told that could be asked. */
export function apiOf(vcapApplication: string | undefined): string | undefined {
  const { cf_api: api } = fieldsOf(vcapApplication ?? '') ?? {};
  return typeof api === 'string' && baseUrlProblem(api) === undefined ? api : undefined;
}

function guidOf(value: unknown): string {
  const guid = typeof value === 'string' ? value.toLowerCase() : '';
  return GUID.test(guid) ? guid : '';
}

function fieldsOf(text: string): Record<string, unknown> | undefined {
  try {
    const fields: unknown = JSON.parse(text);
    return typeof fields === 'object' && fields !== null ? { ...fields } : undefined;
  } catch {
    return undefined;
  }
}
