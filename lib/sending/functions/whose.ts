/** Whose code it is that cannot be sent: what its users can do about it depends on that. */
import { types } from 'node:util';
import type { Hint, Refusal } from '../graph/refusal.ts';
import { viewFunction } from './inspector.ts';
import { type Source, sourceOf } from './sources.ts';

/** What bundlers leave in the files that they write; minified, how webpack makes and runs a module. */
const BUNDLED =
  /__webpack_require__|__webpack_modules__|__rspack|__commonJS\b|__toESM\b|__esm\b|commonjsGlobal\b|exports:\{\}\};return \w+\[\w+\]\.call\(/;
/** Modules of a bundle that is evaluated module by module. */
const IN_BUNDLE = /^webpack-internal:/;
const PACKAGE = /[/\\]node_modules[/\\]((?:@[^/\\]+[/\\])?[^/\\]+)[/\\](?!.*[/\\]node_modules[/\\])/;

/** The refusal with the way out that the users of that code have; the same one if it is their own. */
export function withWayOut(refusal: Refusal, fn: object): Refusal {
  const { value, reason, place } = refusal;
  const found = refusal.owner === undefined ? wayOut(fn) : undefined;
  if (!found) return refusal;
  const Kind = refusal.constructor as typeof Refusal;
  return new Kind(value, reason, found.hint, place, found.owner);
}

interface WayOut {
  readonly owner: string;
  readonly hint: Hint;
}

function wayOut(fn: object): WayOut | undefined {
  const source = sourceOfCode(fn);
  if (!source) return undefined;
  const isPacked = IN_BUNDLE.test(source.url);
  const [, name] = PACKAGE.exec(source.url) ?? [];
  if (name !== undefined && !isPacked) {
    const owner = name.replaceAll('\\', '/');
    return {
      owner,
      hint: (variable) =>
        `it belongs to ${owner}: make it inside the task or in an initializer, move ${variable === undefined ? 'what holds it' : `\`${variable}\``} into a module that the task imports it from, or say by register() how it travels`,
    };
  }
  if (!isPacked && !isBundled(source)) return undefined;
  return {
    owner: 'what is bundled',
    hint: (variable) =>
      `the program is bundled, so that what packages hold goes by value: mark the package external, or make ${variable === undefined ? 'it' : `\`${variable}\``} inside the task`,
  };
}

function sourceOfCode(fn: object): Source | undefined {
  if (types.isProxy(fn)) return undefined;
  try {
    const { location, scopes } = viewFunction(fn);
    return location && sourceOf(location, Function.prototype.toString.call(fn), scopes);
  } catch {
    return undefined;
  }
}

/** Their helpers stand at the top, or modules are wrapped all over the file; a minifier leaves neither, and few lines. */
const isBundled = ({ text = '' }: Source): boolean => BUNDLED.test(text) || isMinified(text);

const LARGE = 20_000;
const LONG_LINE = 1_000;

function isMinified(text: string): boolean {
  if (text.length < LARGE) return false;
  let lines = 1;
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) lines++;
  return text.length > lines * LONG_LINE;
}
