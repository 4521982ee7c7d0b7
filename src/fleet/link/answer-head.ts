// The head of an HTTP/1.x answer: its status, its fields, and how its end is found. Strict: where two readers could
// take one head for different answers, it is none. Source: RFC 9112.

export interface AnswerHead {
  readonly status: number;
  /** By names in lower case; several of one name are joined by commas. */
  readonly fields: ReadonlyMap<string, string>;
  /** Bytes of the body, or how its end is found. */
  readonly body: number | 'chunked' | 'until-close';
  /** The connection may carry another request. */
  readonly isKept: boolean;
}

/** Not HTTP as it is read here; names as node:http has them begin with HPE_. */
export interface Fault {
  readonly fault: string;
}

const STATUS_LINE = /^HTTP\/1\.([01]) ([1-9][0-9]{2})(?: .*)?$/;
const FIELD = /^([!#$%&'*+\-.^_`|~0-9A-Za-z]+):[ \t]*(.*)$/;
const LENGTH = /^[0-9]{1,15}$/;

/** `lines`: without their ends, the status line first. */
export function readHead(lines: readonly string[]): AnswerHead | Fault {
  const [, minor, code] = STATUS_LINE.exec(lines[0] ?? '') ?? [];
  if (code === undefined) return { fault: 'HPE_INVALID_STATUS' };
  const status = Number(code);
  const fields = new Map<string, string>();
  for (let i = 1; i < lines.length; i++) {
    const [, name, value] = FIELD.exec(lines[i]!) ?? [];
    if (name === undefined || value === undefined) return { fault: 'HPE_INVALID_HEADER_TOKEN' };
    const [key, text] = [name.toLowerCase(), value.trimEnd()];
    const before = fields.get(key);
    fields.set(key, before === undefined ? text : `${before}, ${text}`);
  }
  if (status === 101) return { fault: 'UNEXPECTED_UPGRADE' };
  const body = framingOf(status, fields, minor === '1');
  if (typeof body === 'object') return body;
  return { status, fields, body, isKept: body !== 'until-close' && isKept(fields, minor === '1') };
}

function framingOf(
  status: number,
  fields: ReadonlyMap<string, string>,
  isLatest: boolean,
): AnswerHead['body'] | Fault {
  const coding = fields.get('transfer-encoding');
  const length = fields.get('content-length');
  if (coding !== undefined) {
    const isChunked = isLatest && coding.toLowerCase() === 'chunked' && length === undefined;
    if (!isChunked) return { fault: 'HPE_INVALID_TRANSFER_ENCODING' };
  }
  if (length !== undefined && !LENGTH.test(length)) return { fault: 'HPE_INVALID_CONTENT_LENGTH' };
  if (status < 200 || status === 204 || status === 304) return 0;
  if (coding !== undefined) return 'chunked';
  return length === undefined ? 'until-close' : Number(length);
}

function isKept(fields: ReadonlyMap<string, string>, isLatest: boolean): boolean {
  const said = fields.get('connection');
  if (said === undefined) return isLatest;
  const options = said.toLowerCase().split(/[ \t]*,[ \t]*/);
  return !options.includes('close') && (isLatest || options.includes('keep-alive'));
}
