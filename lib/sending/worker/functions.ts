/** Function rows to functions: which values a function needs first, and what to do when it leads back to itself. */
import { SerializationError } from '../../errors.ts';
import type { FunctionBuild } from '../graph/reader.ts';
import type { FunctionHead } from '../graph/row.ts';
import type { Code } from './compile.ts';

interface KnownClass {
  readonly made: WeakRef<object>;
  readonly code: number;
  readonly set: SetSlot;
}

type SetSlot = (slot: number, value: unknown) => void;

/** A static method or accessor that is called `name` is no name: what the host knows as such is empty. */
function hasOtherName(fn: object, name: string): boolean {
  const own = Object.getOwnPropertyDescriptor(fn, 'name');
  if (name === '' && own && typeof own.value !== 'string') return false;
  return own?.value !== name;
}

export class Functions {
  /** A class that comes again is the same class: instances that tasks have kept are still instances of it. */
  private readonly classes = new Map<number, KnownClass>();
  /** By then it may have come again. */
  private readonly collected = new FinalizationRegistry<number>((id) => {
    if (this.classes.get(id)?.made.deref() === undefined) this.classes.delete(id);
  });
  private readonly codes = new Map<number, Code>();
  /** Why a code is not there, though it has arrived. */
  private readonly failures = new Map<number, unknown>();
  private readonly ids = new WeakMap<object, number>();

  define(id: number, code: Code): void {
    this.codes.set(id, code);
  }

  /** Called when a function with that code is built. */
  defineFailed(id: number, error: unknown): void {
    this.failures.set(id, error);
  }

  forget(id: number): void {
    this.codes.delete(id);
    this.failures.delete(id);
  }

  /** The number by which the host knows a function that it has sent. */
  idOf(fn: object): number | undefined {
    return this.ids.get(fn);
  }

  build(head: FunctionHead, build: FunctionBuild): void {
    const code = this.codes.get(head.code);
    if (!code && this.failures.has(head.code)) throw this.failures.get(head.code);
    if (!code) throw new SerializationError(`the code of the function "${head.name}" has not arrived`);
    const { slots, needs, isClass } = code.text;
    if (isClass && this.reuse(head, slots.length, build)) return;
    const values: unknown[] = [];
    let set: SetSlot | undefined;
    let made: object | undefined;
    const finish = (fn: object): object => {
      this.ids.set(fn, head.id);
      if (hasOtherName(fn, head.name)) {
        Object.defineProperty(fn, 'name', { value: head.name, configurable: true });
      }
      made = fn;
      build.made(fn);
      return fn;
    };
    // What a class needs for its definition cannot wait; all else may lead back to the function.
    for (let slot = 0; slot < needs; slot++) values[slot] = build.slot(slot);
    if (isClass && needs > 0) build.settle();
    let self: unknown;
    if (!head.lexicalThis) {
      build.onDemand(() => {
        const [fn, setter] = code.makeOpen(values, undefined);
        set = setter;
        return finish(fn);
      });
    }
    const early: number[] = [];
    for (let slot = needs; slot < slots.length; slot++) {
      const value = build.slot(slot);
      values[slot] = value;
      if (set) early.push(slot);
    }
    if (head.lexicalThis) self = build.lexicalThis();
    if (isClass && !set) {
      const [fn, setter] = code.makeOpen(values, undefined);
      set = setter;
      finish(fn);
    }
    if (!set) {
      finish(code.make(values, self));
      return;
    }
    if (isClass) this.remember(head, made as object, set);
    for (const slot of early) (set as (slot: number, value: unknown) => void)(slot, values[slot]);
  }

  /** Gives a class that is known the values that it captures now. */
  private reuse(head: FunctionHead, slots: number, build: FunctionBuild): boolean {
    const known = this.classes.get(head.id);
    const made = known?.made.deref();
    if (!known || !made || known.code !== head.code) return false;
    build.made(made);
    for (let slot = 0; slot < slots; slot++) known.set(slot, build.slot(slot));
    return true;
  }

  private remember(head: FunctionHead, made: object, set: SetSlot): void {
    this.classes.set(head.id, { made: new WeakRef(made), code: head.code, set });
    this.collected.register(made, head.id);
  }
}
