/** Tasks that come to their end, whatever that is, and leave their worker as it was. */
import { either, error, length, note, value } from './allowed.js';

function short(file, id) {
  note(file, id);
  return id * 2;
}

/** One that the pool loads by itself: an executor in a worker, with a process of its own. */
async function nest(file, id, url, shutsDown) {
  note(file, id);
  const { ProcessPoolExecutor } = await import(url);
  const executor = new ProcessPoolExecutor({ maxWorkers: 1, stdio: 'ignore', idleTimeout: null });
  const result = await executor.submit((x) => x + 1, id);
  if (shutsDown) await executor.shutdown();
  return result;
}

export const harmless = {
  short: { weight: 130, run: short, allows: (id) => value(id * 2) },
  async: {
    weight: 30,
    run: async (file, id) => {
      note(file, id);
      await new Promise((resolve) => setTimeout(resolve, id % 30));
      return id;
    },
    allows: (id) => value(id),
  },
  long: {
    weight: 6,
    run: (file, id) => {
      note(file, id);
      const end = performance.now() + 20 + (id % 100);
      while (performance.now() < end);
      return 'long';
    },
    allows: () => value('long'),
  },
  throws: {
    weight: 6,
    run: (file, id) => {
      note(file, id);
      throw new RangeError('on purpose');
    },
    allows: () => error('RangeError'),
  },
  throwsNothing: {
    weight: 2,
    run: (file, id) => {
      note(file, id);
      throw undefined;
    },
    allows: () => (outcome) => 'error' in outcome && outcome.error === undefined,
  },
  floods: {
    weight: 1,
    run: (file, id) => {
      note(file, id);
      for (let line = 0; line < 5_000; line += 1) console.log(`${line} ${'x'.repeat(id % 100)}`);
      return 'flooded';
    },
    allows: () => value('flooded'),
  },
  nested: {
    weight: 1,
    run: (file, id, url) => nest(file, id, url, true),
    extra: () => import.meta.resolve('loky'),
    allows: (id) => value(id + 1),
  },
  nestedLeft: {
    weight: 1,
    run: (file, id, url) => nest(file, id, url, false),
    extra: () => import.meta.resolve('loky'),
    allows: (id) => value(id + 1),
  },
  leavesChild: {
    weight: 1,
    run: (file, id) => {
      note(file, id);
      const { spawn } = process.getBuiltinModule('node:child_process');
      const child = spawn('sleep', ['1000'], { detached: id % 2 === 0, stdio: 'ignore' });
      child.on('error', () => {});
      child.unref();
      return 'left a child';
    },
    allows: () => value('left a child'),
  },
  hugeArgument: {
    weight: 1,
    run: (file, id, bytes) => {
      note(file, id);
      return bytes.length;
    },
    extra: () => Buffer.alloc(6_000_000, 1),
    allows: () => value(6_000_000),
  },
  hugeResult: {
    weight: 1,
    run: (file, id) => {
      note(file, id);
      return 'x'.repeat(6_000_000);
    },
    allows: () => length(6_000_000),
  },
  slowArgument: {
    weight: 1,
    run: (file, id, list) => {
      note(file, id);
      return list.length;
    },
    extra: () => Array.from({ length: 20_000 }, (_, n) => ({ n })),
    allows: () => value(20_000),
  },
  slowToEncode: {
    weight: 1,
    run: (file, id) => {
      note(file, id);
      return Array.from({ length: 50_000 }, (_, n) => ({ n }));
    },
    allows: () => length(50_000),
  },
  unsendable: {
    weight: 2,
    run: (file, id) => {
      note(file, id);
      return new WeakMap();
    },
    allows: () => error('SerializationError'),
  },
  reduced: {
    weight: 4,
    run: (file, id, value) => {
      note(file, id);
      return value;
    },
    extra: (id) => ({ chaos: 'slow', ms: id % 5, id }),
    allows: (id) => (outcome) => outcome.value?.id === id,
  },
  /** Without reducers they travel as they are. */
  cannotBeReduced: {
    weight: 1,
    run: (file, id, value) => {
      note(file, id);
      return value.chaos;
    },
    extra: () => ({ chaos: 'cannotBeReduced' }),
    allows: () => either(error('SerializationError'), value('cannotBeReduced')),
  },
  cannotBeRebuilt: {
    weight: 1,
    run: (file, id, value) => {
      note(file, id);
      return value.chaos;
    },
    extra: () => ({ chaos: 'cannotBeRebuilt' }),
    allows: () => either(error('SerializationError'), value('cannotBeRebuilt')),
  },
};
