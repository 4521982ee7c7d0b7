// `fleet.operators` as written → who may call from outside. No problem repeats what may be a secret.

import type { OperatorConfig } from './config.ts';
import type { Names, Raw } from './parse.ts';
import { TOKEN_ALLOWED, tokenProblem } from './token.ts';

export const OPERATORS_ALLOWED = `a list (as a variable: a JSON array) of { token: … } with ${TOKEN_ALLOWED}, and of { basic: "user:password" }`;

/** The user may hold no colon, which is where the password begins (RFC 7617). */
const BASIC = /^([^:\p{Cc}]{1,256})(?::([^\p{Cc}]{1,1024}))?$/u;

const KEYS: readonly string[] = ['token', 'basic'];

type ParsedOperators = { value: readonly OperatorConfig[] } | { problem: string };

export function parseOperators(raw: Raw): ParsedOperators {
  const written = typeof raw === 'string' ? fromJson(raw) : namesIn(raw);
  if (written === undefined) return refuse('is no list of operators');
  const operators: OperatorConfig[] = [];
  for (const [place, names] of written.entries()) {
    const operator = operatorOf(names);
    const problem = 'problem' in operator ? operator.problem : sameProblem(operator, operators);
    if (problem !== undefined) return refuse(`operator ${place + 1} ${problem}`);
    if (!('problem' in operator)) operators.push(operator);
  }
  return { value: operators };
}

/** A key as it may be shown: of `{ ann:secret }` all is a key. */
export function operatorKey(key: string): string {
  return KEYS.includes(key) ? key : 'a key';
}

function refuse(problem: string): { problem: string } {
  return { problem: `${problem}; allowed: ${OPERATORS_ALLOWED}` };
}

function operatorOf(names: Names): OperatorConfig | { problem: string } {
  if ([...names.keys()].some((name) => !KEYS.includes(name))) {
    return { problem: 'has what is neither token nor basic' };
  }
  if (names.size !== 1) return { problem: 'needs one of token and basic' };
  const [token, basic] = [names.get('token'), names.get('basic')];
  return token === undefined ? basicOf(basic ?? '') : tokenOf(token);
}

function tokenOf(token: string): OperatorConfig | { problem: string } {
  const problem = tokenProblem(token);
  if (problem === undefined) return { token };
  return { problem: `has a token that ${problem}` };
}

function basicOf(basic: string): OperatorConfig | { problem: string } {
  const [, user, password] = BASIC.exec(basic) ?? [];
  if (user === undefined) return { problem: 'has a basic that is no user:password, nor a user alone' };
  return { user, password };
}

/** Of two with one name it would be chance which of them is asked for its password. */
function sameProblem(operator: OperatorConfig, others: readonly OperatorConfig[]): string | undefined {
  if (!('user' in operator)) return undefined;
  const isTwice = others.some((other) => 'user' in other && other.user === operator.user);
  return isTwice ? 'has the same user as one before it' : undefined;
}

function namesIn(raw: Exclude<Raw, string>): readonly Names[] | undefined {
  const parts = [...raw.values()];
  return parts.every((part) => typeof part !== 'string') ? parts : undefined;
}

function fromJson(text: string): readonly Names[] | undefined {
  try {
    const parts: unknown = JSON.parse(text);
    return Array.isArray(parts) && parts.every(isTexts)
      ? parts.map((part) => new Map(Object.entries(part)))
      : undefined;
  } catch {
    return undefined;
  }
}

function isTexts(part: unknown): part is Record<string, string> {
  if (typeof part !== 'object' || part === null || Array.isArray(part)) return false;
  return Object.values(part).every((value) => typeof value === 'string');
}
