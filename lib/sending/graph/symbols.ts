/** Symbols as rows: those of the language and registered ones stay themselves, local ones are new in each process. */
import { internalSymbol, internalSymbolName } from './builtins.ts';
import type { Row } from './row.ts';
import { symbolNamed, wellKnownSymbol } from './well-known-symbols.ts';

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
