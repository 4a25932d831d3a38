/** Plain data that a function captures, beside functions, instances and arguments that share it. */
import { describe, expect, test } from '@jest/globals';
import { poolOfAllTests } from './pools.ts';

interface Item {
  readonly id: number;
  readonly list: number[];
}

const itemsOf = (count: number): Item[] => Array.from({ length: count }, (_, id) => ({ id, list: [id] }));

describe('captured plain data', () => {
  const pool = poolOfAllTests();

  test('one object stays one, whether large data, small data, an instance or an argument holds it', async () => {
    class Holder {
      readonly item: unknown;
      constructor(item: unknown) {
        this.item = item;
      }
    }
    const items = itemsOf(500);
    const byId = new Map(items.map((item) => [item.id, item]));
    const small = items[3];
    const holder = new Holder(items[7]);
    const check = (argument: unknown) => [
      byId.get(3) === small,
      byId.get(7) === holder.item,
      argument === byId,
      items[5] === byId.get(5),
      holder instanceof Holder,
    ];
    expect(await pool.submit(check, byId)).toEqual([true, true, true, true, true]);
  });

  test('what was changed between two submits is sent as it is then', async () => {
    const items = itemsOf(300);
    const count = () => [items.length, items[0]?.list[0]];
    expect(await pool.submit(count)).toEqual([300, 0]);
    items.push({ id: 300, list: [] });
    (items[0] as Item).list[0] = 9;
    expect(await pool.submit(count)).toEqual([301, 9]);
  });

  test('functions within large data arrive with it', async () => {
    const items = itemsOf(300);
    const small = items[3] as Item;
    const nested = { deep: [{ of: () => small.id }], items };
    const read = () => [nested.deep[0]?.of(), nested.items[3] === small, nested.items.length];
    expect(await pool.submit(read)).toEqual([3, true, 300]);
  });
});
