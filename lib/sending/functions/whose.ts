/** Whose code it is that cannot be sent: what its users can do about it depends on that. */
import { types } from 'node:util';
import { Refusal } from '../graph/refusal.ts';
import { viewFunction } from './inspector.ts';
import { type Source, sourceOf } from './sources.ts';

/** What bundlers leave in the files that they write. */
const BUNDLED =
  /__webpack_require__|__webpack_modules__|__rspack|__commonJS\b|__toESM\b|__esm\b|commonjsGlobal\b/;
const PACKAGE = /[/\\]node_modules[/\\]((?:@[^/\\]+[/\\])?[^/\\]+)[/\\](?!.*[/\\]node_modules[/\\])/;

/** The refusal with the way out that the users of that code have; the same one if it is their own. */
export function withWayOut(refusal: Refusal, fn: object): Refusal {
  const hint = wayOut(fn);
  const { value, reason, place } = refusal;
  return hint === undefined ? refusal : new Refusal(value, reason, hint, place);
}

function wayOut(fn: object): string | undefined {
  const source = sourceOfCode(fn);
  if (!source) return undefined;
  const [, name] = PACKAGE.exec(source.url) ?? [];
  if (name !== undefined)
    return `it belongs to ${name.replaceAll('\\', '/')}: make it inside the task or in an initializer, or export what holds it from a module that the task imports`;
  if (!isBundled(source)) return undefined;
  return 'the program is bundled, so that what packages hold goes by value: mark the package external, or make it inside the task';
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

/** Their helpers stand at the top, or modules are wrapped all over the file. */
const isBundled = ({ text = '' }: Source): boolean => BUNDLED.test(text);
