/** Characters of a logged string. A client's header may have thousands. */
export const longestLogged = 1_000;

/**
 * Cuts long strings, so that clients can't fill the log with a few requests.
 *
 * @param value - an argument of a log function: a message, or fields. Other objects than arrays and plain ones stay
 * @returns the value with every string cut to `longestLogged` characters and the number of those left out
 */
export function boundStrings(value: unknown): unknown {
  if (typeof value === 'string') {
    const left = value.length - longestLogged;
    return left > 0 ? `${value.slice(0, longestLogged)}… (${left} more characters)` : value;
  }
  if (Array.isArray(value)) {
    return value.map(boundStrings);
  }
  if (typeof value === 'object' && value !== null && isPlain(value)) {
    return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, boundStrings(one)]));
  }
  return value;
}

function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}
