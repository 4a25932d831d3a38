/** Calls that wait to be sent. As small as can be: a hundred thousand of them may be waiting. */
import { CALL_HEADER, CALL_ITEMS } from '../common/format.ts';
import type { Definition, HeldShare, Payload, PreparedCall } from '../common/payload.ts';
import { writeItems } from '../values/encode.ts';
import { writePrimitive } from '../values/primitives.ts';
import type { CachedFunction } from './function-cache.ts';

/** A known function with arguments that no longer change; written when it is sent. */
export class ItemsCall implements PreparedCall {
  private readonly constant: CachedFunction;
  private readonly items: readonly unknown[];

  constructor(constant: CachedFunction, items: readonly unknown[]) {
    this.constant = constant;
    this.items = items;
  }

  get name(): string {
    return this.constant.name;
  }

  get definitions(): readonly Definition[] {
    return this.constant.definitions;
  }

  encode(): Payload {
    return writeItems(CALL_ITEMS, this.constant.id, this.items);
  }

  writeInto(buffer: Buffer, start: number, limit: number): number {
    const { items } = this;
    buffer[start] = CALL_ITEMS;
    buffer.writeUInt32LE(this.constant.id, start + 1);
    let at = buffer.writeUInt32LE(items.length, start + CALL_HEADER);
    for (let index = 0; index < items.length && at >= 0; index += 1)
      at = writePrimitive(buffer, at, limit, items[index]);
    return at;
  }
}

/** A call that was written when it was prepared. */
export class WrittenCall implements PreparedCall {
  readonly name: string;
  readonly definitions: readonly Definition[];
  readonly shares: readonly HeldShare[] | undefined;
  private readonly payload: Payload;

  constructor(
    name: string,
    definitions: readonly Definition[],
    payload: Payload,
    shares: readonly HeldShare[] | undefined,
  ) {
    this.name = name;
    this.definitions = definitions;
    this.payload = payload;
    this.shares = shares;
  }

  encode(): Payload {
    return this.payload;
  }
}
