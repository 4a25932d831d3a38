/** Numbers for lists of keys while one message is written. Knows nothing of the objects that have them. */
import { MAX_KEYS, MAX_SHAPES } from './plain-format.ts';

/** So many shapes are compared one by one, beginning with the one that was found last. */
const NEARBY = 4;

type Keys = readonly string[];

export class ShapeTable {
  private shapes: Keys[] = [];
  private last = 0;
  private index: Map<string, number> | undefined;

  clear(): void {
    this.shapes.length = 0;
    this.last = 0;
    this.index = undefined;
  }

  /** The number of this shape, or -1 if it is new: it then has the next number, unless there are too many, or too many keys. */
  find(keys: Keys): number {
    if (keys.length > MAX_KEYS) return -1;
    const { shapes, last } = this;
    const count = shapes.length;
    if (count > 0) {
      if (areSame(shapes[last] as Keys, keys)) return last;
      for (let id = Math.max(0, count - NEARBY); id < count; id++) {
        if (areSame(shapes[id] as Keys, keys)) {
          this.last = id;
          return id;
        }
      }
    }
    return count > NEARBY ? this.lookUp(keys) : this.add(keys);
  }

  private add(keys: Keys): -1 {
    if (this.shapes.length < MAX_SHAPES) this.last = this.shapes.push(keys) - 1;
    return -1;
  }

  private lookUp(keys: Keys): number {
    this.index ??= new Map(this.shapes.map((shape, id) => [nameOf(shape), id]));
    const name = nameOf(keys);
    const found = this.index.get(name);
    if (found === undefined) {
      if (this.shapes.length < MAX_SHAPES) this.index.set(name, this.shapes.length);
      return this.add(keys);
    }
    // Two shapes may have the same name.
    if (!areSame(this.shapes[found] as Keys, keys)) return this.add(keys);
    this.last = found;
    return found;
  }
}

const nameOf = (keys: Keys): string => keys.join();

function areSame(a: Keys, b: Keys): boolean {
  const { length } = b;
  if (a.length !== length) return false;
  for (let i = 0; i < length; i++) if (a[i] !== b[i]) return false;
  return true;
}
