/** Names for the symbols of the language: those that are properties of `Symbol`. */
let symbols: Map<symbol, string> | undefined;

/** `iterator` for `Symbol.iterator`; undefined for a symbol that is not of the language. */
export function wellKnownSymbol(symbol: symbol): string | undefined {
  if (!symbols) {
    symbols = new Map();
    for (const name of Object.getOwnPropertyNames(Symbol)) {
      const value = (Symbol as unknown as Record<string, unknown>)[name];
      if (typeof value === 'symbol') symbols.set(value, name);
    }
  }
  return symbols.get(symbol);
}

export function symbolNamed(name: string): symbol | undefined {
  const value = (Symbol as unknown as Record<string, unknown>)[name];
  return typeof value === 'symbol' ? value : undefined;
}
