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

/** See `FunctionHead`. */
function setOwn(fn: object, key: 'name' | 'length', value: string | number | null | undefined): void {
  if (value === undefined) return;
  if (value === null) Reflect.deleteProperty(fn, key);
  else if (Object.getOwnPropertyDescriptor(fn, key)?.value !== value)
    Object.defineProperty(fn, key, { value, enumerable: false, writable: false, configurable: true });
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
    if (!code) throw new SerializationError(`the code of the function "${head.name ?? ''}" has not arrived`);
    if (code.text.isClass) this.buildClass(head, code, build);
    else this.buildFunction(head, code, build);
  }

  /** A class is there before what its methods use is: that may extend the class, or hold instances of it. */
  private buildClass(head: FunctionHead, code: Code, build: FunctionBuild): void {
    const { slots, needs } = code.text;
    const known = this.known(head, build);
    const set = known ?? this.defineClass(head, code, build);
    build.later(() => {
      for (let slot = known ? 0 : needs; slot < slots.length; slot++) set(slot, build.slot(slot));
      if (head.lexicalThis) build.lexicalThis();
    });
  }

  private defineClass(head: FunctionHead, code: Code, build: FunctionBuild): SetSlot {
    const values: unknown[] = [];
    for (let slot = 0; slot < code.text.needs; slot++) values[slot] = build.slot(slot);
    if (values.length > 0) build.settle();
    const [made, set] = code.makeOpen(values, undefined);
    this.finish(head, made, build);
    this.classes.set(head.id, { made: new WeakRef(made), code: head.code, set });
    this.collected.register(made, head.id);
    return set;
  }

  /** A class that is known gets the values that it captures now. */
  private known(head: FunctionHead, build: FunctionBuild): SetSlot | undefined {
    const known = this.classes.get(head.id);
    const made = known?.made.deref();
    if (!known || !made || known.code !== head.code) return undefined;
    build.made(made);
    return known.set;
  }

  private buildFunction(head: FunctionHead, code: Code, build: FunctionBuild): void {
    const { slots, needs } = code.text;
    const values: unknown[] = [];
    for (let slot = 0; slot < needs; slot++) values[slot] = build.slot(slot);
    let set: SetSlot | undefined;
    // What it captures may lead back to the function.
    if (!head.lexicalThis) {
      build.onDemand(() => {
        const [fn, setter] = code.makeOpen(values, undefined);
        set = setter;
        return this.finish(head, fn, build);
      });
    }
    const early: number[] = [];
    for (let slot = needs; slot < slots.length; slot++) {
      values[slot] = build.slot(slot);
      if (set) early.push(slot);
    }
    const self = head.lexicalThis ? build.lexicalThis() : undefined;
    if (!set) this.finish(head, code.make(values, self), build);
    else for (const slot of early) (set as SetSlot)(slot, values[slot]);
  }

  private finish(head: FunctionHead, fn: object, build: FunctionBuild): object {
    this.ids.set(fn, head.id);
    setOwn(fn, 'name', head.name);
    setOwn(fn, 'length', head.length);
    build.made(fn);
    return fn;
  }
}
