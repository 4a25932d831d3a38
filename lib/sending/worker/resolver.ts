/** What the rows of a task stand for in this worker. Tasks come from the host and are trusted: code is evaluated. */

import { builtinModules } from 'node:module';
import * as errors from '../../errors.ts';
import { wrap } from '../common/wrap.ts';
import { seenBy } from '../functions/declaration.ts';
import { hiddenClass } from '../graph/builtins.ts';
import { globalAt } from '../graph/intrinsics.ts';
import { ownNamed } from '../graph/own.ts';
import type { FunctionBuild, Resolver } from '../graph/reader.ts';
import { countMembers, decodePrimitive, type FunctionHead, fingerprint, type RowHead } from '../graph/row.ts';
import { NumberedSymbols } from '../graph/symbols.ts';
import type { Store } from '../graph/weak-stores.ts';
import type { Functions } from './functions.ts';
import { metaOf, moduleOf, requireFrom } from './modules.ts';
import type { SharedValues } from './shared-values.ts';

type AnyFunction = (...args: unknown[]) => unknown;
type AnyClass = new (...args: unknown[]) => unknown;

/** What came by such a row goes back by it. */
const RETURNED = new Set<RowHead[0]>(['import', 'builtin', 'variable']);

export class WorkerResolver implements Resolver {
  readonly readsClones = true;
  private readonly functions: Functions;
  private readonly sharedValues: SharedValues;
  /** The row by which something came: it goes back by the same. */
  private readonly origins = new WeakMap<object, RowHead>();

  private readonly symbols = new NumberedSymbols();

  private readonly weak = new Map<unknown, WeakRef<Store>>();
  private readonly collected = new FinalizationRegistry<unknown>((number) => {
    if (this.weak.get(number)?.deref() === undefined) this.weak.delete(number);
  });

  constructor(functions: Functions, sharedValues: SharedValues) {
    this.functions = functions;
    this.sharedValues = sharedValues;
  }

  originOf(value: object | symbol): RowHead | undefined {
    return this.origins.get(value as object);
  }

  /** That of the same number is the same: a class that comes again has kept what belongs to earlier instances there. */
  store(base: 'weak-map' | 'weak-set', number: unknown): object {
    const found = this.weak.get(number)?.deref();
    if (found) return found;
    const made = base === 'weak-map' ? new WeakMap<object, unknown>() : new WeakSet();
    this.weak.set(number, new WeakRef(made));
    this.collected.register(made, number);
    return made;
  }

  symbol(number: number, description: string | null): symbol {
    const found = this.symbols.at(number);
    if (found) return found;
    const made = Symbol(description ?? undefined);
    this.symbols.add(made, number);
    return made;
  }

  readonly numberOfSymbol = (symbol: symbol): number | undefined => this.symbols.numberOf(symbol);

  *stores(): Generator<readonly [number: number, store: Store]> {
    for (const [number, reference] of this.weak) {
      const store = reference.deref();
      if (store) yield [number as number, store];
    }
  }

  fn(head: FunctionHead, build: FunctionBuild): void {
    this.functions.build(head, build);
  }

  named(head: RowHead): unknown {
    const value = this.lookUp(head);
    if (isKey(value) && RETURNED.has(head[0])) this.origins.set(value as object, head);
    return value;
  }

  private lookUp(head: RowHead): unknown {
    switch (head[0]) {
      case 'global': {
        const value = globalAt(head[1]);
        if (value === undefined) throw missing(`the global ${JSON.stringify(head[1])}`);
        return value;
      }
      case 'builtin':
        return builtin(head[1], head[2]);
      case 'import': {
        const [, source, path, hash, members] = head;
        const value = follow(moduleOf(source), path, `${source.specifier} exports`);
        checkText(value, hash, source.specifier);
        checkMembers(value, members, source.specifier);
        return value;
      }
      case 'variable': {
        const [, source, path, hash, scope, steps, members] = head;
        const anchor = follow(moduleOf(source), path, `${source.specifier} exports`);
        checkText(anchor, hash, source.specifier);
        const value = seenBy(anchor as object, scope, steps);
        if (value === undefined) throw missing(`the variable \`${steps.join('.')}\` of ${source.specifier}`);
        checkMembers(value, members, source.specifier);
        return value;
      }
      case 'require':
        return requireFrom(head[1]);
      case 'meta':
        return metaOf(head[1]);
      case 'own':
        return ownNamed(head[1]);
      case 'shared':
        return this.sharedValues.get(head[1]);
      default:
        throw missing(`a row of the kind ${JSON.stringify(head[0])}`);
    }
  }

  rebuilt(head: RowHead, children: readonly unknown[]): unknown {
    switch (head[0]) {
      case 'bound': {
        const [target, self, ...args] = children;
        return Function.prototype.bind.call(target as AnyFunction, self, ...args) as unknown;
      }
      case 'hook': {
        const [, rebuild, ...args] = children;
        return isClass(rebuild) ? new (rebuild as AnyClass)(...args) : (rebuild as AnyFunction)(...args);
      }
      case 'rebuilt': {
        const [rebuild, reduced] = children;
        return (rebuild as AnyFunction)(head[2] === null ? reduced : decodePrimitive(head[2]));
      }
      case 'wrapper':
        return head[1] ? wrap(children[0] as object, true) : children[0];
      default:
        throw missing(`a row of the kind ${JSON.stringify(head[0])}`);
    }
  }
}

/** What a WeakMap takes: symbols too, but for registered ones. */
const isKey = (value: unknown): boolean =>
  (typeof value === 'object' && value !== null) ||
  typeof value === 'function' ||
  (typeof value === 'symbol' && Symbol.keyFor(value) === undefined);

const missing = (what: string): errors.SerializationError =>
  new errors.SerializationError(`the worker does not have ${what}, which the task refers to`);

function missingClass(name: string): never {
  throw missing(`Node's class ${name.slice(1)}`);
}

export const isClass = (value: unknown): boolean =>
  typeof value === 'function' && /^class\b/.test(Function.prototype.toString.call(value));

function builtin(module: string, path: readonly string[]): unknown {
  if (!builtinModules.includes(module)) throw missing(`Node's module "${module}"`);
  const [first = ''] = path;
  if (first.startsWith('%')) return hiddenClass(first.slice(1)) ?? missingClass(first);
  return follow(process.getBuiltinModule(module), path, `node:${module} exports`);
}

function follow(owner: unknown, path: readonly string[], what: string): unknown {
  let value = owner;
  for (const key of path) {
    if (value === null || value === undefined || !(key in Object(value))) {
      throw missing(`\`${path.join('.')}\` among what ${what}`);
    }
    value = (value as Record<string, unknown>)[key];
  }
  return value;
}

/** Something that this program did before has added members there: without it, tasks would fail in riddles. */
function checkMembers(value: unknown, members: number | undefined, specifier: string): void {
  if (members === undefined || typeof value !== 'function' || countMembers(value) >= members) return;
  throw new errors.SerializationError(
    `\`${value.name}\` of ${specifier} has more methods in the program than in the worker: another module has added them there (a plugin)\n` +
      '  hint: name that module in `preload`, add them in an `initializer`, or let the task import it',
  );
}

function checkText(value: unknown, hash: number | null, specifier: string): void {
  if (hash === null || typeof value !== 'function') return;
  if (fingerprint(Function.prototype.toString.call(value)) === hash) return;
  throw new errors.SerializationError(
    `${specifier} has changed since the host loaded it: the worker found another text of \`${value.name}\`\n  hint: start the program again`,
  );
}
