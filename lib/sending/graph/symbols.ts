/** Symbols as rows: those of the language and registered ones stay themselves, local ones are new in each process. */
import { internalSymbol, internalSymbolName } from './builtins.ts';
import type { Row } from './row.ts';

export function symbolRow(symbol: symbol): Row {
  const wellKnown = wellKnownSymbol(symbol);
  if (wellKnown !== undefined) return { head: ['symbol', 'well-known', wellKnown], children: [] };
  const key = Symbol.keyFor(symbol);
  if (key !== undefined) return { head: ['symbol', 'registered', key], children: [] };
  const internal = internalSymbolName(symbol);
  if (internal !== undefined) return { head: ['symbol', 'internal', internal], children: [] };
  return { head: ['symbol', 'local', symbol.description ?? null], children: [] };
}

export function symbolOf(how: string, text: string | null): symbol | undefined {
  if (how === 'internal') return text === null ? undefined : internalSymbol(text);
  if (how === 'well-known') return text === null ? undefined : symbolNamed(text);
  return how === 'registered' ? Symbol.for(String(text)) : Symbol(text ?? undefined);
}

/** Of the language: properties of `Symbol`. */
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
