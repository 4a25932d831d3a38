/**
 * The tasks of the chaos. Each first notes in a file that it runs, so that the number of its runs is known however
 * its worker ends. For each kind: what it takes, what may become of it when nothing disturbs it, and whether it ends
 * its worker.
 */

/** What is known of a future that holds a value, or the name of its error. */
const value = (expected) => (outcome) => 'value' in outcome && outcome.value === expected;
const error =
  (...names) =>
  (outcome) =>
    names.includes(outcome.error?.name);

function note(file, id) {
  process.getBuiltinModule('node:fs').appendFileSync(file, `${id}\n`);
}

function short(file, id) {
  note(file, id);
  return id * 2;
}

export const kinds = {
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
  exits: {
    weight: 2,
    ends: true,
    run: (file, id) => {
      note(file, id);
      process.exit(id % 3);
    },
    allows: () => error('TerminatedWorkerError'),
  },
  kills: {
    weight: 2,
    ends: true,
    run: (file, id) => {
      note(file, id);
      process.kill(process.pid, id % 2 === 0 ? 'SIGKILL' : 'SIGSEGV');
    },
    allows: () => error('TerminatedWorkerError'),
  },
  garbage: {
    weight: 1,
    ends: true,
    /** What the worker runs until its end is seen is lost with it. */
    losses: 64,
    run: (file, id) => {
      note(file, id);
      const { writeSync } = process.getBuiltinModule('node:fs');
      writeSync(3, Buffer.alloc(1 + (id % 5000), id % 76));
    },
    allows: () => error('TerminatedWorkerError'),
  },
  closes: {
    weight: 1,
    ends: true,
    losses: 64,
    run: (file, id) => {
      note(file, id);
      process.getBuiltinModule('node:fs').closeSync(3);
    },
    allows: () => error('TerminatedWorkerError'),
  },
  leaks: {
    weight: 2,
    ends: true,
    losses: 1,
    run: (file, id) => {
      note(file, id);
      setTimeout(() => {
        throw new Error('left behind');
      }, id % 20);
      return 'leaked';
    },
    allows: () => value('leaked'),
  },
  spins: {
    weight: 3,
    timeout: 100,
    run: (file, id) => {
      note(file, id);
      for (;;);
    },
    allows: () => error('TimeoutError'),
  },
  neverSettles: {
    weight: 2,
    timeout: 150,
    run: (file, id) => {
      note(file, id);
      return new Promise(() => {});
    },
    allows: () => error('TimeoutError', 'Error'),
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
    allows: () => (outcome) => outcome.value?.length === 6_000_000,
  },
  slowToEncode: {
    weight: 1,
    run: (file, id) => {
      note(file, id);
      return Array.from({ length: 50_000 }, (_, n) => ({ n }));
    },
    allows: () => (outcome) => outcome.value?.length === 50_000,
  },
  unsendable: {
    weight: 2,
    run: (file, id) => {
      note(file, id);
      return new WeakMap();
    },
    allows: () => error('SerializationError'),
  },
};
