// Keys of the landscape's caches: names from the organization down, percent-encoded and joined by '/'.
//
//   org          my-org                    *  (all there are)
//   space        my-org/my-space           my-org/*
//   application  my-org/my-space/my-app    my-org/my-space/*
//   domain       my-org  (those it may use)  *
//   route, process   an app's guid, or my-org/my-space/my-app
//   resolver     the name of a configured target, or the parameters of one: orgName=my-org&applicationRegex=a.*
//
// `@api/` before any of them but the resolver's means another API than the first. What begins with @ itself is written
// %40…, what is called * is written %2A. The case of letters says nothing, but for the resolver's.

import { isUtf8 } from 'node:buffer';
import { RequestError } from '../errors.ts';
import { decodePercent, encodePercent } from '../units/percent.ts';
import { formatParameters, parseParameters } from './parameters.ts';

export const LANDSCAPE_CACHES = [
  'org',
  'space',
  'application',
  'domain',
  'route',
  'process',
  'resolver',
] as const;
export type LandscapeCache = (typeof LANDSCAPE_CACHES)[number];

export interface NamesKey {
  readonly kind: 'names';
  /** Undefined: the first one. */
  readonly api: string | undefined;
  /** Decoded, from the organization down. */
  readonly names: readonly string[];
  /** All that is below `names`, not one of that name. */
  readonly list: boolean;
}

export interface GuidKey {
  readonly kind: 'guid';
  readonly api: string | undefined;
  /** Of an app: letters, digits, - and _ alone, so that it can stand in a filter. */
  readonly guid: string;
}

export interface TargetNameKey {
  readonly kind: 'target';
  readonly name: string;
}

export interface ParametersKey {
  readonly kind: 'parameters';
  readonly parameters: readonly (readonly [name: string, value: string])[];
}

export type LandscapeKey = NamesKey | GuidKey | TargetNameKey | ParametersKey;

/** Longer than any name that the platform takes. */
const LONGEST_NAME = 255;
/** The platform's have 36. One request asks for many of them: longer ones would make it too long for all. */
const LONGEST_GUID = 64;

interface Form {
  /** How many components a key may have. */
  readonly lengths: readonly number[];
  /** How many components a list has, its * included; undefined: there is none. */
  readonly list: number | undefined;
  readonly text: string;
}

const APP_FORM: Form = { lengths: [1, 3], list: undefined, text: "an app's guid, or my-org/my-space/my-app" };
const FORMS: Readonly<Record<Exclude<LandscapeCache, 'resolver'>, Form>> = {
  org: { lengths: [1], list: 1, text: 'my-org, or * for all' },
  space: { lengths: [2], list: 2, text: 'my-org/my-space, or my-org/* for all' },
  application: { lengths: [3], list: 3, text: 'my-org/my-space/my-app, or my-org/my-space/* for all' },
  domain: { lengths: [1], list: 1, text: 'my-org for those it may use, or * for all' },
  route: APP_FORM,
  process: APP_FORM,
};

/** Throws RequestError('bad_key'), which says what is wrong and what the form is. */
export function parseKey(cache: 'org' | 'space' | 'application' | 'domain', key: Buffer): NamesKey;
export function parseKey(cache: 'route' | 'process', key: Buffer): NamesKey | GuidKey;
export function parseKey(cache: 'resolver', key: Buffer): TargetNameKey | ParametersKey;
export function parseKey(cache: LandscapeCache, key: Buffer): LandscapeKey;
export function parseKey(cache: LandscapeCache, key: Buffer): LandscapeKey {
  const text = key.toString('latin1');
  if (cache === 'resolver') return parseResolverKey(text);
  const form = FORMS[cache];
  const wrong = (what: string): RequestError =>
    new RequestError('bad_key', `a key of the cache ${cache} is ${form.text}: ${what}`);
  const { api, components } = apartFromApi(text.split('/'), wrong);
  if (!form.lengths.includes(components.length)) throw wrong(`this one has ${counted(components.length)}`);
  const list = components.length === form.list && components.at(-1) === '*';
  const given = list ? components.slice(0, -1) : components;
  const names = given.map((component) => decodeName(component, wrong));
  // One request asks for many names: what a database does not take would fail them all.
  if (names.some((name) => /\p{Cc}/u.test(name))) throw wrong('a name has no control characters');
  if (form === APP_FORM && names.length === 1)
    return { kind: 'guid', api, guid: checkGuid(names[0]!, wrong) };
  return { kind: 'names', api, names, list };
}

type Wrong = (what: string) => RequestError;

function apartFromApi(all: string[], wrong: Wrong): { api: string | undefined; components: string[] } {
  const [first, ...components] = all;
  if (!first?.startsWith('@')) return { api: undefined, components: all };
  if (first === '@')
    throw wrong('an @ is followed by the name of an API (write %40 for a name that begins so)');
  return { api: decodeName(first.slice(1), wrong), components };
}

function decodeName(component: string, wrong: Wrong): string {
  if (component === '') throw wrong('a component of this one is empty');
  if (component === '*') throw wrong('a * stands at the end of a list alone (write %2A for the name *)');
  const bytes = decodePercent(component);
  if (bytes === undefined) throw wrong('a % in this one is not followed by two hexadecimal digits');
  if (!isUtf8(bytes)) throw wrong('a component of this one is not UTF-8');
  const name = bytes.toString();
  if (name.length > LONGEST_NAME) throw wrong(`a name has at most ${LONGEST_NAME} characters`);
  return name;
}

function checkGuid(name: string, wrong: Wrong): string {
  if (!/^[\w-]+$/.test(name)) throw wrong('a guid is made of letters, digits, - and _');
  if (name.length > LONGEST_GUID) throw wrong(`a guid has at most ${LONGEST_GUID} characters`);
  return name;
}

function counted(components: number): string {
  return components === 1 ? 'one component' : `${components} components`;
}

const RESOLVER_FORM =
  'a key of the cache resolver is the name of a configured target, or parameters like orgName=my-org&applicationRegex=a.*';

function parseResolverKey(text: string): TargetNameKey | ParametersKey {
  const wrong = (what: string): RequestError => new RequestError('bad_key', `${RESOLVER_FORM}: ${what}`);
  if (text === '') throw wrong('this one is empty');
  if (!text.includes('=')) return { kind: 'target', name: decodeName(text, wrong) };
  const parameters = parseParameters(text);
  if (parameters === undefined) {
    throw wrong('each is name=value, percent-encoded UTF-8, and & stands between them');
  }
  return { kind: 'parameters', parameters };
}

/** The canonical text: all in lower case, and all but letters, digits and -._~ escaped. */
export function formatKey(key: LandscapeKey): string {
  if (key.kind === 'target') return encodePercent(Buffer.from(key.name));
  if (key.kind === 'parameters') return formatParameters(key.parameters);
  const components = key.kind === 'guid' ? [key.guid] : key.names.map((name) => name.toLowerCase());
  const written = components.map((component) => encodePercent(Buffer.from(component)));
  if (key.kind === 'names' && key.list) written.push('*');
  if (key.api !== undefined) written.unshift(`@${encodePercent(Buffer.from(key.api))}`);
  return foldAscii(written.join('/'));
}

function foldAscii(text: string): string {
  return text.replace(/[A-Z]+/g, (letters) => letters.toLowerCase());
}

/** The first API is not named in the canonical text of its keys. */
export function unnamingFirst<Key extends LandscapeKey>(key: Key, firstApi: string): Key {
  if (!('api' in key) || key.api?.toLowerCase() !== firstApi) return key;
  return { ...key, api: undefined };
}

/**
 * Whether `bytes`, folded, are the canonical text of the key they were parsed to. The cache takes another spelling of
 * the same names (`my%2Dorg`) for another entry, which no change of the canonical one would reach.
 */
export function isCanonical(bytes: Buffer, key: LandscapeKey): boolean {
  const text = bytes.toString('latin1');
  return formatKey(key) === (key.kind === 'names' || key.kind === 'guid' ? foldAscii(text) : text);
}

/** Lower-cases A–Z in place: names that differ in nothing else are one entry, and so are %2F and %2f. */
export function foldKey(bytes: Uint8Array, start: number, end: number): void {
  for (let at = start; at < end; at += 1) {
    const byte = bytes[at]!;
    if (byte >= 65 && byte <= 90) bytes[at] = byte + 32;
  }
}
