/** How map takes its inputs: when, how many, and how it leaves them. Its tasks are settled by hand here. */
import { describe, expect, test } from '@jest/globals';
import type { Inputs, ResultIterator } from '../../lib/executor/executor.ts';
import { mapChunks } from '../../lib/executor/map.ts';
import { chunksOf } from '../../lib/executor/map-inputs.ts';
import { type OwnedFuture, ownedFuture } from '../futures/owned-future.ts';
import { rejectionOf } from './rejection.ts';

interface Running {
  readonly results: ResultIterator<unknown>;
  /** All that were ever sent, in order; `items` are the first arguments. */
  readonly sent: { readonly items: unknown[]; readonly owned: OwnedFuture<unknown> }[];
  /** Lets the task at this place succeed with what came in. */
  answer(place: number): void;
}

const plainOutcomes = {
  readOutcomes: (result: unknown) => result as [boolean, unknown][],
  finishError: (error: unknown) => error,
};

function run(
  inputs: Inputs<unknown>[],
  options: { chunkSize?: number; bufferSize?: number | undefined; ordered?: boolean; failAt?: number } = {},
): Running {
  const { chunkSize, bufferSize, ordered, failAt } = {
    ...{ chunkSize: 1, bufferSize: Number.POSITIVE_INFINITY, ordered: true, failAt: -1 },
    ...options,
  };
  const sent: Running['sent'] = [];
  const source = chunksOf(inputs);
  const submit = (chunk: unknown[][]) => {
    if (sent.length === failAt) throw new Error('no more can be sent');
    const owned = ownedFuture();
    sent.push({ items: chunk.map((list) => list[0]), owned });
    return owned.future;
  };
  const results = mapChunks(source, submit, { chunkSize, workers: 1, ordered, bufferSize, ...plainOutcomes });
  const answer = (place: number) => {
    const { items, owned } = sent[place] as Running['sent'][number];
    owned.succeed(items.map((item) => [true, item]));
  };
  return { results, sent, answer };
}

const turn = () => new Promise((resolve) => setImmediate(resolve));

/** A generator of 1, 2, 3 … that says when it is taken from and when it is left. */
function counter(length = Number.POSITIVE_INFINITY) {
  const seen = { taken: 0, left: 0 };
  function* count() {
    try {
      for (let i = 1; i <= length; i += 1) {
        seen.taken = i;
        yield i;
      }
    } finally {
      seen.left += 1;
    }
  }
  async function* asyncCount() {
    yield* count();
  }
  return { seen, sync: count(), async: asyncCount() };
}

describe('a sync input', () => {
  test('with a length is consumed at the call', () => {
    expect(run([[1, 2, 3, 4, 5]], { bufferSize: undefined }).sent).toHaveLength(2);
    for (const input of [[1, 2, 3], new Set([1, 2, 3]), 'abc', new Uint8Array(3), new Map([[1, 2]])])
      expect(chunksOf([input]).total).toBe([...input].length);
    expect(chunksOf([[1], counter().sync]).total).toBeUndefined();
  });

  test('is cut into chunks, the last one shorter', () => {
    expect(run([[1, 2, 3, 4, 5]], { chunkSize: 2 }).sent.map(({ items }) => items)).toEqual([
      [1, 2],
      [3, 4],
      [5],
    ]);
  });

  test('is taken as far as bufferSize goes, and further as results are given out', async () => {
    const input = counter();
    const { results, sent, answer } = run([input.sync], { bufferSize: 3 });
    expect([sent.length, input.seen.taken]).toEqual([3, 3]);
    answer(0);
    expect((await results.next()).value).toBe(1);
    const next = results.next();
    await turn();
    expect(sent).toHaveLength(4);
    answer(1);
    expect((await next).value).toBe(2);
    await results.return();
    expect(input.seen.left).toBe(1);
  });

  test('with a length, that throws at the call makes the call throw, and what was sent is cancelled', () => {
    const bad = Object.assign([1, 2], {
      *[Symbol.iterator]() {
        yield 1;
        throw new Error('bad input');
      },
    });
    let other = 0;
    const second = Object.assign([1, 2], {
      *[Symbol.iterator]() {
        try {
          for (;;) yield 0;
        } finally {
          other += 1;
        }
      },
    });
    const futures: OwnedFuture<unknown>[] = [];
    const submit = () => {
      const owned = ownedFuture();
      futures.push(owned);
      return owned.future;
    };
    const settings = {
      ...{ chunkSize: 1, workers: 1, ordered: true },
      bufferSize: Number.POSITIVE_INFINITY,
      ...plainOutcomes,
    };
    expect(() => mapChunks(chunksOf([bad, second]), submit, settings)).toThrow('bad input');
    expect([futures.map(({ future }) => future.state), other]).toEqual([['cancelled'], 1]);
  });

  test('without a length is read as it is needed, two tasks for each worker ahead', async () => {
    const input = counter();
    const { results, sent, answer } = run([input.sync], { bufferSize: undefined });
    expect([sent.length, input.seen.taken]).toEqual([2, 2]);
    answer(0);
    expect(input.seen.taken).toBe(2); // nothing has been taken yet
    expect((await results.next()).value).toBe(1);
    void results.next();
    await turn();
    expect(input.seen.taken).toBe(3);
    await results.return();
    expect(input.seen.left).toBe(1);
  });

  test('without a length that throws before its first value makes the first result reject', async () => {
    const bad: Iterable<number> = {
      [Symbol.iterator]: () => ({
        next() {
          throw new Error('bad input');
        },
      }),
    };
    expect(await rejectionOf(run([bad]).results.next())).toMatchObject({ message: 'bad input' });
  });

  test.each([1, 2, 4])(
    'that throws later gives first the results of what it gave before (bufferSize %p)',
    async (bufferSize) => {
      function* bad() {
        yield* [1, 2, 3, 4, 5];
        throw new Error('bad input');
      }
      const { results, sent, answer } = run([bad()], { bufferSize });
      const seen: unknown[] = [];
      const loop = (async () => {
        for await (const result of results) seen.push(result);
      })();
      loop.catch(() => {});
      for (let place = 0; place < 5; place += 1) {
        while (sent.length <= place) await turn();
        answer(place);
      }
      expect(await rejectionOf(loop)).toMatchObject({ message: 'bad input' });
      expect(seen).toEqual([1, 2, 3, 4, 5]);
    },
  );

  test('is left when sending fails', () => {
    const input = counter();
    expect(() => run([input.sync], { failAt: 2 })).toThrow('no more can be sent');
    expect(input.seen.left).toBe(1);
  });

  test('that is longer than the shortest is left too', () => {
    const input = counter();
    run([[1, 2], input.sync]);
    expect(input.seen.left).toBe(1);
  });
});

describe('an async input', () => {
  test('is pulled as far as bufferSize goes', async () => {
    const input = counter();
    const { results, sent, answer } = run([input.async], { bufferSize: 2 });
    await turn();
    expect([sent.length, input.seen.taken]).toEqual([2, 2]);
    answer(0);
    expect((await results.next()).value).toBe(1);
    await results.return();
    await turn();
    expect(input.seen.left).toBe(1);
  });

  test('that rejects gives first the results of what it gave before', async () => {
    async function* bad() {
      yield 1;
      yield 2;
      throw new Error('bad input');
    }
    const { results, answer } = run([bad()], { bufferSize: 10 });
    await turn();
    answer(1);
    answer(0);
    expect([(await results.next()).value, (await results.next()).value]).toEqual([1, 2]);
    expect(await rejectionOf(results.next())).toMatchObject({ message: 'bad input' });
    expect(await results.next()).toEqual({ value: undefined, done: true });
  });

  test('that rejects at once makes the first result reject', async () => {
    const bad: AsyncIterable<number> = {
      [Symbol.asyncIterator]: () => ({ next: () => Promise.reject(new Error('bad input')) }),
    };
    expect(await rejectionOf(run([bad]).results.next())).toMatchObject({ message: 'bad input' });
  });

  test('that fails while it is left disturbs nobody', async () => {
    const unhandled: unknown[] = [];
    const note = (reason: unknown) => unhandled.push(reason);
    process.on('unhandledRejection', note);
    async function* bad() {
      try {
        for (;;) yield 1;
      } finally {
        // biome-ignore lint/correctness/noUnsafeFinally: a clean-up that fails
        throw new Error('bad clean-up');
      }
    }
    const { results } = run([bad()], { bufferSize: 1 });
    await turn();
    await results.return();
    await turn();
    process.off('unhandledRejection', note);
    expect(unhandled).toEqual([]);
  });

  test('zipped with a sync one stops at the shortest', async () => {
    const { results, sent, answer } = run([counter().async, ['a', 'b']], { bufferSize: 10 });
    await turn();
    expect(sent.map(({ items }) => items)).toEqual([[1], [2]]);
    answer(0);
    answer(1);
    expect(await results.toArray()).toEqual([1, 2]);
  });
});

describe('results', () => {
  test('in order wait for the first; out of order they come as they are ready', async () => {
    const ordered = run([[1, 2]]);
    ordered.answer(1);
    const first = ordered.results.next();
    await turn();
    ordered.answer(0);
    expect((await first).value).toBe(1);
    const unordered = run([[1, 2]], { ordered: false });
    unordered.answer(1);
    expect((await unordered.results.next()).value).toBe(2);
    unordered.answer(0);
    expect(await unordered.results.toArray()).toEqual([1]);
  });

  test.each([true, false])(
    'that are left early cancel what waits and let run what runs (ordered: %p)',
    async (ordered) => {
      const { results, sent } = run([[1, 2, 3]], { ordered });
      sent[0]?.owned.begin();
      await results.return();
      expect(sent.map(({ owned }) => owned.future.state)).toEqual(['running', 'cancelled', 'cancelled']);
    },
  );

  test('of overlapping calls of next come each once', async () => {
    const { results, answer } = run([[1, 2, 3]]);
    const three = [results.next(), results.next(), results.next(), results.next()];
    for (const place of [2, 1, 0]) answer(place);
    expect((await Promise.all(three)).map(({ value }) => value)).toEqual([1, 2, 3, undefined]);
  });

  test('of a chunk that cannot be sent are those of its parts', async () => {
    const sent: unknown[][] = [];
    const submit = (chunk: unknown[][]) => {
      const items = chunk.map(([item]) => item);
      const owned = ownedFuture();
      if (items.includes(3)) owned.fail(new Error('three cannot be sent'));
      else {
        sent.push(items);
        queueMicrotask(() => owned.succeed(items.map((item) => [true, item])));
      }
      return owned.future;
    };
    const settings = {
      chunkSize: 4,
      workers: 1,
      ordered: true,
      settle: true,
      bufferSize: 9,
      ...plainOutcomes,
    };
    const results = mapChunks(chunksOf([[1, 2, 3, 4, 5, 6]]), submit, settings);
    expect(await results.toArray()).toEqual([
      { status: 'fulfilled', value: 1 },
      { status: 'fulfilled', value: 2 },
      { status: 'rejected', reason: new Error('three cannot be sent') },
      ...[4, 5, 6].map((value) => ({ status: 'fulfilled', value })),
    ]);
    expect(sent).toEqual([[1, 2], [4], [5, 6]]);
  });

  test('that fail in an unordered map cancel the others', async () => {
    const { results, sent } = run([[1, 2]], { ordered: false });
    sent[1]?.owned.fail(new Error('second'));
    expect(await rejectionOf(results.next())).toMatchObject({ message: 'second' });
    expect(sent[0]?.owned.future.state).toBe('cancelled');
  });
});
