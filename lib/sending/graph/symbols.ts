/** Symbols as rows: those of the language and registered ones stay themselves, local ones have numbers. */
import { internalSymbol, internalSymbolName } from './builtins.ts';
import type { Row } from './row.ts';

/** `numberOf`: of a local symbol that is the same whenever it is sent. */
export function symbolRow(symbol: symbol, numberOf?: (symbol: symbol) => number | undefined): Row {
  const wellKnown = wellKnownSymbol(symbol);
  if (wellKnown !== undefined) return { head: ['symbol', 'well-known', wellKnown], children: [] };
  const key = Symbol.keyFor(symbol);
  if (key !== undefined) return { head: ['symbol', 'registered', key], children: [] };
  const internal = internalSymbolName(symbol);
  if (internal !== undefined) return { head: ['symbol', 'internal', internal], children: [] };
  const text = symbol.description ?? null;
  const number = numberOf?.(symbol);
  return {
    head: number === undefined ? ['symbol', 'local', text] : ['symbol', 'local', text, number],
    children: [],
  };
}

/** Local symbols by their numbers. Holds none of them alive. */
export class NumberedSymbols {
  private readonly numbers = new WeakMap<symbol, number>();
  private readonly symbols = new Map<number, WeakRef<symbol>>();
  private readonly collected = new FinalizationRegistry<number>((number) => {
    if (this.at(number) === undefined) this.symbols.delete(number);
  });

  at(number: number): symbol | undefined {
    return this.symbols.get(number)?.deref();
  }

  numberOf(symbol: symbol): number | undefined {
    return this.numbers.get(symbol);
  }

  add(symbol: symbol, number: number): void {
    this.numbers.set(symbol, number);
    this.symbols.set(number, new WeakRef(symbol));
    this.collected.register(symbol, number);
  }
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

function symbolNamed(name: string): symbol | undefined {
  const value = (Symbol as unknown as Record<string, unknown>)[name];
  return typeof value === 'symbol' ? value : undefined;
}
