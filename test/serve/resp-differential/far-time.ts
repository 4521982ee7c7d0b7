// A time that is given as such, and not as so much from now: later than any that is given so, and within what the store
// keeps to the millisecond.

export const AT_S = Math.floor(Date.now() / 1000) + 500_000;
export const AT_MS = AT_S * 1000;
