// Effective values → the landscape that the preset's caches are loaded from.

import type { ApiSettings, Credentials } from '../cloud-controller/settings.ts';
import type { Target } from '../landscape/target.ts';
import type { LandscapeConfig } from './config.ts';
import { type WrittenApi, writtenApis } from './landscape-apis.ts';
import type { RecordValue, Values } from './values.ts';
import type { Application } from './vcap.ts';

export function buildLandscape(
  values: Values,
  application: Application | { problem: string },
): LandscapeConfig {
  return {
    apis: writtenApis(values).map(buildApi),
    targets: values.records('cloudfoundry.targets').map(buildTarget),
    batch: {
      size: values.number('cloudfoundry.batch_size'),
      windowMs: values.number('cloudfoundry.batch_window'),
    },
    ownFleet: values.flag('cloudfoundry.own'),
    ownAppGuid: 'problem' in application ? undefined : application.appGuid,
  };
}

function buildApi({ name, values }: WrittenApi): ApiSettings {
  return {
    name,
    url: values.text('api').replace(/\/+$/, ''),
    credentials: buildCredentials(values),
    caFile: values.optionalText('ca'),
    verifyTls: values.flag('verify_tls'),
    proxyUrl: values.optionalText('proxy'),
    timeoutMs: values.number('timeout'),
    tries: values.number('tries'),
    requestsPerSecond: values.optionalNumber('rate'),
    concurrency: values.number('concurrency'),
    pageSize: values.number('page_size'),
  };
}

/** Exactly one set of them is complete. */
function buildCredentials(values: Values): Credentials {
  const [username, clientId] = [values.optionalText('username'), values.optionalText('client_id')];
  if (username !== undefined) return { grant: 'password', username, password: values.text('password') };
  if (clientId === undefined) return { grant: 'refresh_token', refreshToken: values.text('refresh_token') };
  return { grant: 'client_credentials', clientId, clientSecret: values.text('client_secret') };
}

function buildTarget({ values }: RecordValue): Target {
  return {
    name: values.text('name'),
    api: values.optionalText('api'),
    orgName: values.optionalText('orgName'),
    orgRegex: values.optionalText('orgRegex'),
    spaceName: values.optionalText('spaceName'),
    spaceRegex: values.optionalText('spaceRegex'),
    applicationName: values.optionalText('applicationName'),
    applicationRegex: values.optionalText('applicationRegex'),
    path: values.text('path'),
    protocol: values.choice('protocol', ['http', 'https']),
    preferredRouteRegex: values.list('preferredRouteRegex'),
    internalRoutePort: values.optionalNumber('internalRoutePort'),
    kubernetesAnnotations: values.flag('kubernetesAnnotations'),
  };
}
