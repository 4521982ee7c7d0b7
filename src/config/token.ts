// What a token may be, the fleet's own and an operator's: long enough, and fit for a header and a list with commas.

export const LEAST_TOKEN_BYTES = 16;
const MOST_TOKEN_BYTES = 1024;

export const TOKEN_ALLOWED = `${LEAST_TOKEN_BYTES} to ${MOST_TOKEN_BYTES} printable characters without spaces and commas`;

/** What is wrong with `token`, without repeating it, or undefined. */
export function tokenProblem(token: string): string | undefined {
  if (!/^[\x21-\x2b\x2d-\x7e]*$/.test(token)) return 'holds a space, a comma or what is not printable ASCII';
  if (token.length < LEAST_TOKEN_BYTES) return `has ${token.length} bytes, too few to be a secret`;
  return token.length > MOST_TOKEN_BYTES ? `has ${token.length} bytes` : undefined;
}
