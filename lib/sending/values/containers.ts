/**
 * The objects and arrays of one message, to notice those that come twice. Engines find that out fastest for many at
 * once, so it is not asked about each. Knows nothing of what is in them.
 */

const FEW = 12;
/** The first look at all of them, and the next when there are so many times more: few objects can have endless paths. */
const FIRST_LOOK = 1024;
const GROWTH = 16;
/** There may be a cycle when data is nested deeper than this. */
const DEEP = 400;

/** For forms without references, which would make two of one. */
export class Containers {
  private readonly all: object[] = [];
  private lookAt = FIRST_LOOK;

  /** False if the container is known to have come before; `areDistinct` is exact. */
  add(container: object): boolean {
    const { all } = this;
    const count = all.length;
    if (count < FEW) {
      for (let i = 0; i < count; i++) if (all[i] === container) return false;
    } else if (count === this.lookAt) {
      this.lookAt = count * GROWTH;
      if (!this.areDistinct()) return false;
    }
    all.push(container);
    return true;
  }

  areDistinct(): boolean {
    const { all } = this;
    return all.length <= FEW || new Set(all).size === all.length;
  }
}

/** For walks that must end, whatever they meet. */
export class Visited {
  /** For the walk to count those that it meets. */
  holes = 0;
  private readonly list: object[] = [];
  private lookAt = FIRST_LOOK;
  private set: Set<object> | undefined;

  /** False if the container was met before; while nothing has shown that there is such a one, it may be true. */
  add(container: object, depth: number): boolean {
    if (this.set === undefined) {
      if (this.list.length < this.lookAt && depth <= DEEP) return this.list.push(container) > 0;
      this.lookAt *= GROWTH;
      const set = new Set(this.list);
      const isTree = set.size === this.list.length && depth <= DEEP;
      if (isTree) return this.list.push(container) > 0;
      this.set = set;
    }
    const { size } = this.set;
    return this.set.add(container).size > size;
  }
}
