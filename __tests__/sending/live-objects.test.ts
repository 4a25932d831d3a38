/** What a worker names of the host is the class, the prototype or a function of what it built: no object of the host arrives. */
import { describe, expect, test } from '@jest/globals';
import { poolOfAllTests, rejectionOf } from '../executor/pools.ts';

const read = (all: object, key: string): unknown => (all as Record<string, unknown>)[key];
class Point {
  x = 1;
  static readonly origin = new Point();
}
const messageOf = async (promise: PromiseLike<unknown>): Promise<string> =>
  (await rejectionOf(promise)).message;

describe('what a worker names of the host', () => {
  const pool = poolOfAllTests({ maxWorkers: 1 });

  describe('a property whose name comes from outside', () => {
    test.each([
      [
        '__proto__',
        { ada: 1 },
        /result is Object\.prototype, which every process has for itself\n {2}hint: return data.*Object\.hasOwn/,
      ],
      ['__proto__', [1], /result is Array\.prototype, /],
      ['constructor', { ada: 1 }, /the function Object|Object, by itself/],
      ['hasOwnProperty', { ada: 1 }, /hasOwnProperty, by itself/],
      ['__proto__', new Point(), /result is the prototype of Point, /],
    ])('%s is no way to objects of the host (%#)', async (key, all, message) => {
      expect(await messageOf(pool.submit(read, all, key))).toMatch(message);
    });
  });

  describe('objects that every process has', () => {
    test.each([
      ['the console', () => ({ log: console })],
      ['the global object', () => globalThis],
      ['a prototype in a list', () => [Map.prototype]],
      ['a prototype in a Map', () => new Map([[1, Promise.prototype]])],
      ['the process', () => [process]],
      ['what makes functions of texts', () => Object.getPrototypeOf(async () => {}) as object],
    ])('%s is refused', async (_, task) => {
      const error = await rejectionOf(pool.submit(task));
      expect(error).toMatchObject({
        code: 'ERR_SERIALIZATION',
        message: expect.stringContaining('hint: return'),
      });
    });

    test('that are namespaces of functions arrive as copies', async () => {
      const [math, json] = await pool.submit(() => [Math, JSON] as const);
      expect([math, json]).not.toContain(Math);
      expect(math.max(1, 2)).toBe(2);
      expect(json.parse('[1]')).toEqual([1]);
      expect(Object.prototype.toString.call(math)).toBe('[object Math]');
    });

    test('environment and versions arrive as the data of the worker', async () => {
      const { env, versions } = await pool.submit(() => ({ env: process.env, versions: process.versions }));
      expect(versions.node).toBe(process.versions.node);
      expect(env).not.toBe(process.env);
    });
  });

  describe('an object that an await would call', () => {
    class Query {
      // biome-ignore lint/suspicious/noThenProperty: it is what this test is about
      then(resolve: (value: unknown) => void): void {
        resolve('called');
      }
    }
    const make = (n: number): unknown => (n < 0 ? Query : { query: new Query() });

    test('is refused, wherever it is', async () => {
      const message = /is a Query, which has a method `then`, which `await` would call\n {2}hint: await it/;
      expect(await messageOf(pool.submit(make, 1))).toMatch(message);
      const results = pool.map(make, [1, 2], { chunkSize: 2 });
      expect(String(await results.next().catch((error: unknown) => error))).toMatch(message);
    });
  });

  describe('what goes on', () => {
    test('functions and classes that the host has sent come back as they are', async () => {
      const back = await pool.submit((fn: unknown, cls: unknown) => [fn, cls, { fn }], read, Point);
      expect(back).toEqual([read, Point, { fn: read }]);
    });

    test('functions of the language are properties of what a task makes', async () => {
      const { parse, type } = await pool.submit(() => ({ parse: JSON.parse, type: String }));
      expect(parse('1')).toBe(1);
      expect(type(2)).toBe('2');
    });

    test('instances, and objects made of a prototype', async () => {
      const made = await pool.submit(() => [new Point(), Object.create(Array.prototype) as object]);
      expect(made[0]).toBeInstanceOf(Point);
      expect(Object.getPrototypeOf(made[1])).toBe(Array.prototype);
    });
  });
});
