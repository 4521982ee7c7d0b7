// A target from parameters: of a request, of a key of the resolver, or of the configuration; and back to a canonical text.

import { RequestError } from '../errors.ts';
import { compileExpression, shown } from './expression.ts';
import { formatParameters, type Parameter } from './parameters.ts';
import type { Target } from './target.ts';

export const DEFAULT_PATH = '/metrics';
export const DEFAULT_PROTOCOL = 'https';

/** In the order of the canonical text. */
export const TARGET_PARAMETERS = [
  'api',
  'orgName',
  'orgRegex',
  'spaceName',
  'spaceRegex',
  'applicationName',
  'applicationRegex',
  'path',
  'protocol',
  'preferredRouteRegex',
  'internalRoutePort',
  'kubernetesAnnotations',
] as const;
export type TargetParameter = (typeof TARGET_PARAMETERS)[number];

const LONGEST_NAME = 255;
const LONGEST_PATH = 1000;
const MOST_ROUTE_EXPRESSIONS = 20;
/** A key holds 64 KiB; a target that needs a quarter of it is a mistake or an attack. */
const LONGEST_TARGET = 16_384;

const PAIRS = [
  ['orgName', 'orgRegex'],
  ['spaceName', 'spaceRegex'],
  ['applicationName', 'applicationRegex'],
] as const;

/**
 * `name` is what the configuration calls it; without one it is its canonical text. Throws RequestError('bad_query'),
 * which names the parameter and what is allowed.
 */
export function parseTarget(parameters: Iterable<Parameter>, name?: string): Target {
  const given = gather(parameters);
  for (const [one, other] of PAIRS) {
    if (given.has(one) && given.has(other)) throw bad(`give ${one} or ${other}, not both`);
  }
  const target: Target = {
    name: name ?? '',
    api: nameOf(given, 'api'),
    orgName: nameOf(given, 'orgName'),
    orgRegex: expressionOf(given, 'orgRegex'),
    spaceName: nameOf(given, 'spaceName'),
    spaceRegex: expressionOf(given, 'spaceRegex'),
    applicationName: nameOf(given, 'applicationName'),
    applicationRegex: expressionOf(given, 'applicationRegex'),
    path: pathOf(given.get('path')?.[0]),
    protocol: protocolOf(given.get('protocol')?.[0]),
    preferredRouteRegex: routeExpressionsOf(given.get('preferredRouteRegex') ?? []),
    internalRoutePort: portOf(given.get('internalRoutePort')?.[0]),
    kubernetesAnnotations: switchOf(given.get('kubernetesAnnotations')?.[0]),
  };
  const key = targetKey(target);
  if (key.length > LONGEST_TARGET) throw bad(`a target has at most ${LONGEST_TARGET} characters in all`);
  return name === undefined ? { ...target, name: key } : target;
}

/** The parameters that are not as by default, in a fixed order: the same target is the same text. Never ''. */
export function targetKey(target: Target): string {
  const parameters: Parameter[] = [];
  for (const name of TARGET_PARAMETERS) {
    for (const value of valuesOf(target, name)) parameters.push([name, value]);
  }
  return formatParameters(parameters.length > 0 ? parameters : [['path', target.path]]);
}

function valuesOf(target: Target, parameter: TargetParameter): readonly string[] {
  const value = target[parameter];
  if (value === undefined || value === false) return [];
  if (parameter === 'path' && value === DEFAULT_PATH) return [];
  if (parameter === 'protocol' && value === DEFAULT_PROTOCOL) return [];
  return typeof value === 'object' ? value : [String(value)];
}

type Given = ReadonlyMap<TargetParameter, readonly string[]>;

function gather(parameters: Iterable<Parameter>): Given {
  const given = new Map<TargetParameter, string[]>();
  for (const [name, value] of parameters) {
    if (!isParameter(name)) throw bad(unknownParameter(name));
    const values = given.get(name) ?? [];
    if (values.length > 0 && name !== 'preferredRouteRegex') throw bad(`give ${name} once`);
    if (value === '') throw bad(`${name} is empty: leave it out, or say what it is`);
    if (/\p{Surrogate}/u.test(value)) throw bad(`${name} must be Unicode`);
    values.push(value);
    given.set(name, values);
  }
  return given;
}

function isParameter(name: string): name is TargetParameter {
  return (TARGET_PARAMETERS as readonly string[]).includes(name);
}

function unknownParameter(name: string): string {
  if (name === 'overrideRouteAndPath' || name === 'authenticatorId') {
    return `${name} is of those who scrape: say it in the scrape configuration of Prometheus`;
  }
  return `${shown(name)} is no parameter of a target; there are ${TARGET_PARAMETERS.join(', ')}`;
}

function nameOf(given: Given, parameter: TargetParameter): string | undefined {
  const value = given.get(parameter)?.[0];
  if (value !== undefined && value.length > LONGEST_NAME) {
    throw bad(`${parameter} must have at most ${LONGEST_NAME} characters`);
  }
  return value;
}

function expressionOf(given: Given, parameter: TargetParameter): string | undefined {
  const value = given.get(parameter)?.[0];
  if (value !== undefined) compileExpression(parameter, value);
  return value;
}

function routeExpressionsOf(values: readonly string[]): readonly string[] {
  if (values.length > MOST_ROUTE_EXPRESSIONS) {
    throw bad(`preferredRouteRegex may be given ${MOST_ROUTE_EXPRESSIONS} times`);
  }
  for (const value of values) compileExpression('preferredRouteRegex', value);
  return values;
}

function pathOf(value = DEFAULT_PATH): string {
  if (!isScrapePath(value)) throw bad(`path must ${PATH_RULE}, not ${shown(value)}`);
  return value;
}

const PATH_RULE = `begin with / and have at most ${LONGEST_PATH} characters, no space, no control character and no #`;

/** A query after the path is allowed. */
export function isScrapePath(path: string): boolean {
  return path.startsWith('/') && path.length <= LONGEST_PATH && !/[\s\p{Cc}#]/u.test(path);
}

function protocolOf(value: string = DEFAULT_PROTOCOL): 'http' | 'https' {
  if (value !== 'http' && value !== 'https') throw bad(`protocol must be http or https, not ${shown(value)}`);
  return value;
}

function portOf(value: string | undefined): number | undefined {
  if (value === undefined) return undefined;
  const port = /^[1-9]\d{0,4}$/.test(value) ? Number(value) : Number.NaN;
  if (!(port <= 65_535)) throw bad(`internalRoutePort must be a number from 1 to 65535, not ${shown(value)}`);
  return port;
}

function switchOf(value = 'false'): boolean {
  if (value === 'true' || value === '1') return true;
  if (value === 'false' || value === '0') return false;
  throw bad(`kubernetesAnnotations must be true, false, 1 or 0, not ${shown(value)}`);
}

function bad(message: string): RequestError {
  return new RequestError('bad_query', message);
}
