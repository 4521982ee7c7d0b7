// `fleet.operators`: who may call from outside. No problem repeats what may be a secret.

import type { OperatorConfig } from './config.ts';
import type { Field } from './option.ts';
import type { PlacedProblem } from './records.ts';
import { REDACTED } from './redact.ts';
import { TOKEN_ALLOWED, tokenProblem } from './token.ts';
import type { RecordValue, Values } from './values.ts';

export const OPERATORS_ALLOWED = `a list (as a variable: a JSON array) of { token: … } with ${TOKEN_ALLOWED}, and of { basic: "user:password" }`;

/** The user may hold no colon, which is where the password begins (RFC 7617). */
const BASIC = /^([^:\p{Cc}]{1,256})(?::([^\p{Cc}]{1,1024}))?$/u;

export const OPERATOR_FIELDS: readonly Field[] = [
  {
    path: 'token',
    type: 'text',
    secret: true,
    problemOf: tokenProblem,
    allowed: TOKEN_ALLOWED,
    description: 'A Bearer token.',
  },
  {
    path: 'basic',
    type: 'text',
    secret: true,
    problemOf: (text) => (BASIC.test(text) ? undefined : 'is no user:password, nor a user alone'),
    shown: (text) => (text.includes(':') ? REDACTED : `${REDACTED} without a password`),
    allowed: '"user:password", or "user" for a password that is made at start',
    description: 'User and password of Basic authentication, with a colon between; or the user alone.',
  },
];

export function operatorsOf(values: Values): OperatorConfig[] {
  return values.records('fleet.operators').map(operatorOf);
}

export function operatorProblems(records: readonly RecordValue[]): PlacedProblem[] {
  return records.flatMap((record, place) => {
    const problem = operatorProblem(record, records.slice(0, place));
    return problem === undefined
      ? []
      : [{ source: record.source, problem: `operator ${place + 1}${problem}` }];
  });
}

function operatorOf({ values }: RecordValue): OperatorConfig {
  if (values.has('token')) return { token: values.text('token') };
  const [, user = '', password] = BASIC.exec(values.text('basic')) ?? [];
  return { user, password };
}

function operatorProblem(record: RecordValue, before: readonly RecordValue[]): string | undefined {
  if (record.values.has('token') === record.values.has('basic')) return ' needs one of token and basic';
  const user = userOf(record);
  // Of two with one name it would be chance which of them is asked for its password.
  const isTwice = user !== undefined && before.some((other) => userOf(other) === user);
  return isTwice ? ' has the same user as one before it' : undefined;
}

function userOf({ values }: RecordValue): string | undefined {
  return BASIC.exec(values.optionalText('basic') ?? '')?.[1];
}
