/**
 * Variables that several functions of one message share. One that any of them assigns is one variable in the worker,
 * too: it becomes a property of an object that all of them have. What V8 shows of a function's scopes are copies, so that
 * whether two functions see the same variable is told by what the scopes hold and where the functions stand.
 */
import { isObject } from '../../system/own.ts';
import { closureLabel, Refusal } from '../graph/refusal.ts';
import type { Row } from '../graph/row.ts';
import type { FunctionView, ScopeView } from './inspector.ts';
import type { VariableSlot } from './text-plan.ts';
import { CELL_VALUE } from './text-plan.ts';
import { haveSameVariables } from './variables.ts';

/** A function that captures a variable which may get another value. */
interface User {
  readonly fn: object;
  /** Where the function's text stands. */
  readonly literal: string;
  readonly slot: VariableSlot;
  /** The scope of the variable, and those around it. */
  readonly scopes: readonly ScopeView[];
  /** The object or list that has the function as a member. */
  readonly holder: object | undefined;
}

/** One variable of a message. */
interface Cell {
  stub: object | undefined;
}

const OUTERMOST = new Set(['Module', 'Script']);

export class Cells {
  /** By script and declaration: the same variable, or that of another call of the same function. */
  private readonly users = new Map<string, User[]>();
  private readonly shared = new Map<object, Map<string, Cell>>();

  private isWhole = false;

  note(fn: object, slot: VariableSlot, view: FunctionView, holder: object | undefined): void {
    const { location } = view;
    const scopes = view.scopes.slice(slot.scope);
    if (this.isWhole || slot.home?.isConstant || !location || scopes.length === 0) return;
    const home = slot.home?.id ?? `${scopes.length} ${Object.keys(scopes[0]?.variables ?? {}).join()}`;
    const key = `${location.scriptId} ${home} ${slot.variable}`;
    const literal = `${location.line}:${location.column}`;
    const user = { fn, literal, slot, scopes, holder };
    const list = this.users.get(key);
    if (list) list.push(user);
    else this.users.set(key, [user]);
  }

  /**
   * Called once all of a message has been written: whether it must be written again, with cells.
   *
   * @throws Refusal if it cannot be told which functions share a variable.
   */
  resolve(): boolean {
    this.isWhole = true;
    for (const users of this.users.values()) {
      if (users.length < 2 || !users.some(({ slot }) => slot.free.written)) continue;
      for (const same of groupsOf(users)) this.share(same);
    }
    return this.shared.size > 0;
  }

  private share(users: readonly User[]): void {
    if (users.length < 2 || !users.some(({ slot }) => slot.free.written)) return;
    const cell: Cell = { stub: undefined };
    for (const { fn, slot } of users) {
      const cells = this.shared.get(fn) ?? new Map<string, Cell>();
      this.shared.set(fn, cells.set(slot.variable, cell));
    }
  }

  /** The message is written from its start again, with nothing more known. */
  restart(): void {
    if (!this.isWhole) this.users.clear();
    for (const cells of this.shared.values()) for (const cell of cells.values()) cell.stub = undefined;
  }

  /** The variables of a function that are shared, by name. */
  of(fn: object): ReadonlyMap<string, Cell> | undefined {
    return this.shared.get(fn);
  }
}

export const cellRow = (value: unknown): Row => ({
  head: ['object', { base: 'object', prototype: 'default', props: [CELL_VALUE] }],
  children: [value],
});

/** Those that see the same variable, put together. */
function* groupsOf(users: readonly User[]): Generator<readonly User[]> {
  const left = new Set(users);
  for (const first of left) {
    const same = [...left].filter((user) => seesSameValues(first, user));
    for (const user of same) left.delete(user);
    if (isOneScope(first)) yield same;
    else yield* byCall(same);
  }
}

function seesSameValues({ scopes }: User, { scopes: others }: User): boolean {
  if (scopes.length !== others.length) return false;
  return scopes.every((scope, index) => {
    const other = others[index] as ScopeView;
    return OUTERMOST.has(scope.type) ? scope.type === other.type : haveSameVariables(scope, other);
  });
}

/** Whether equal values say that it is the same scope: there is one in the script, or it holds an object of its own. */
function isOneScope({ scopes: [scope], slot: { home } }: User): boolean {
  if (!scope || OUTERMOST.has(scope.type) || home?.isWhole === true) return true;
  return home?.fresh().some((name) => isObject(scope.variables[name])) === true;
}

/** Of functions whose scopes look the same, those that were made by the same call. */
function* byCall(users: readonly User[]): Generator<readonly User[]> {
  if (areSeveral(users)) {
    const [{ literal, slot }] = users as readonly [User];
    // The same piece of code, over and over: each has a variable of its own.
    if (slot.home?.isOnce && users.every((user) => user.literal === literal)) return;
    // Made in a loop, or by a function inside the call: both may be of one call.
    if (repeated(users).some((user) => user.slot.home?.isOnce !== true)) throw ambiguous(users);
    const calls = new Map<object | undefined, User[]>();
    for (const user of users) calls.set(user.holder, [...(calls.get(user.holder) ?? []), user]);
    for (const [holder, members] of calls)
      if (holder === undefined || areSeveral(members)) throw ambiguous(users);
    yield* calls.values();
  } else yield users;
}

/** Those of the same piece of code as another one: several calls have made these, or a loop. */
const repeated = (users: readonly User[]): readonly User[] =>
  users.filter((user) => users.some((other) => other !== user && other.literal === user.literal));

const areSeveral = (users: readonly User[]): boolean => repeated(users).length > 0;

function ambiguous(users: readonly User[]): Refusal {
  const { fn, slot } = users.find((user) => user.slot.free.written) as User;
  return new Refusal(
    fn,
    'is assigned by a function, and it is unknown which other functions share it',
    `keep it in an object: const state = { ${slot.variable} }`,
    closureLabel(slot.variable),
  );
}
