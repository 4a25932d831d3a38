/** What came in the place of a function. */
export const describe = (value: unknown): string =>
  value === null ? 'null' : `a value of type ${typeof value}`;
