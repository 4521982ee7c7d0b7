// What a signature covers, as a text that only one message can come to: its fields, each with its length.

/** Of a request, as it stands in its head. Texts as on the wire. */
export interface SignedHead {
  readonly version: string;
  readonly method: string;
  /** Path and query as they stand in the request line. */
  readonly target: string;
  /** Incarnation of the sender. */
  readonly from: string;
  /** Incarnation of the receiver; `-` in a hello. */
  readonly to: string;
  readonly counter: string;
  /** Empty in a hello. */
  readonly session: string;
  readonly contentType: string;
  /** SHA-256 of the body, base64url. */
  readonly digest: string;
}

export interface SignedReply {
  readonly status: number;
  /** Incarnation of who replies. */
  readonly from: string;
  readonly contentType: string;
  readonly digest: string;
}

export function requestInput(head: SignedHead): string {
  return joined(['sidecache request', ...headFields(head)]);
}

/** Holds all of the request, so that a reply to one request is none to another. */
export function replyInput(head: SignedHead, reply: SignedReply): string {
  const { status, from, contentType, digest } = reply;
  return joined(['sidecache reply', ...headFields(head), String(status), from, contentType, digest]);
}

function headFields(head: SignedHead): string[] {
  const { version, method, target, from, to, counter, session, contentType, digest } = head;
  return [version, method, target, from, to, counter, session, contentType, digest];
}

/** Netstrings: the length of each field in bytes of UTF-8, a colon, the field, a comma. */
function joined(fields: readonly string[]): string {
  let text = '';
  for (const field of fields) text += `${Buffer.byteLength(field)}:${field},`;
  return text;
}
