// The errors of the Cloud Controller, in the form of its documentation.

export class ApiError extends Error {
  readonly status: number;
  readonly code: number;
  readonly title: string;

  constructor(status: number, code: number, title: string, detail: string) {
    super(detail);
    this.status = status;
    this.code = code;
    this.title = title;
  }

  get body(): string {
    return JSON.stringify({ errors: [{ code: this.code, title: this.title, detail: this.message }] });
  }
}

export const notAuthenticated = (): ApiError =>
  new ApiError(401, 10002, 'CF-NotAuthenticated', 'Authentication error');
export const invalidAuthToken = (): ApiError =>
  new ApiError(401, 1000, 'CF-InvalidAuthToken', 'Invalid Auth Token');
export const notAuthorized = (): ApiError =>
  new ApiError(403, 10003, 'CF-NotAuthorized', 'You are not authorized to perform the requested action');
export const resourceNotFound = (what: string): ApiError =>
  new ApiError(404, 10010, 'CF-ResourceNotFound', `${what} not found`);
export const unknownRequest = (): ApiError => new ApiError(404, 10000, 'CF-NotFound', 'Unknown request');
export const badQueryParameter = (what: string): ApiError =>
  new ApiError(400, 10005, 'CF-BadQueryParameter', `The query parameter is invalid: ${what}`);
export const rateLimitExceeded = (): ApiError =>
  new ApiError(429, 10013, 'CF-RateLimitExceeded', 'Rate Limit Exceeded');
