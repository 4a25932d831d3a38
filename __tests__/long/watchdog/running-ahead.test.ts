/** Short tasks are sent to busy workers ahead of their turn. Nobody may notice that but by the speed. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from '@jest/globals';
import { type Future, type ProcessPoolExecutor, wait } from 'loky';
import { poolsOfEachTest, rejectionOf, square } from '../../executor/pools.ts';
import { waitUntil } from '../../helpers/processes.ts';

const pool = poolsOfEachTest();
const folder = mkdtempSync(join(tmpdir(), 'loky-runs-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Each run of a task appends its number to a file: in one write, so that none is lost with its worker. */
interface Mark {
  readonly file: string;
  readonly id: number;
}
type Bomb = 'nothing' | 'kill' | 'exit' | 'hang' | 'throw';
const marked = async ({ file, id }: Mark, ms: number, bomb: Bomb) => {
  const { appendFileSync } = process.getBuiltinModule('node:fs');
  appendFileSync(file, `${id}\n`);
  const end = performance.now() + ms;
  while (performance.now() < end);
  if (bomb === 'kill') process.kill(process.pid, 'SIGKILL');
  if (bomb === 'exit') process.exit(3);
  while (bomb === 'hang' || bomb === 'kill');
  if (bomb === 'throw') throw new Error(`thrown by ${id}`);
  return id;
};
const short = ({ file, id }: Mark) => {
  process.getBuiltinModule('node:fs').appendFileSync(file, `${id}\n`);
  return id;
};

let files = 0;
function runsFile(): string {
  files += 1;
  return join(folder, `runs-${files}`);
}

function runsIn(file: string): Map<number, number> {
  const runs = new Map<number, number>();
  for (const line of readFileSync(file, 'utf8').trim().split('\n'))
    runs.set(Number(line), (runs.get(Number(line)) ?? 0) + 1);
  return runs;
}

/** A repeatable source of numbers from 0 to 1. */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

interface Entry {
  readonly id: number;
  readonly bomb: Bomb | 'short';
  readonly future: Future<number>;
  killed: boolean;
  cancelled: boolean;
}

function submitSome(executor: ProcessPoolExecutor, file: string, entries: Entry[], random: () => number) {
  for (let left = Math.ceil(random() * 100); left > 0; left -= 1) {
    const mark = { file, id: entries.length };
    const dice = random();
    const add = (bomb: Entry['bomb'], future: Future<number>) =>
      entries.push({ id: mark.id, bomb, future, killed: false, cancelled: false });
    if (dice < 0.93) add('short', executor.submit(short, mark));
    else if (dice < 0.98) add('nothing', executor.submit(marked, mark, random() * 10, 'nothing'));
    else if (dice < 0.985) add('throw', executor.submit(marked, mark, 0, 'throw'));
    else if (dice < 0.989) add('kill', executor.submit(marked, mark, 0, 'kill'));
    else if (dice < 0.992) add('exit', executor.submit(marked, mark, 0, 'exit'));
    else add('hang', executor.withOptions({ timeout: 20 + 20 * random() }).submit(marked, mark, 0, 'hang'));
  }
}

function cancelSome(entries: Entry[], random: () => number): void {
  for (let left = 5; left > 0; left -= 1) {
    const entry = entries[entries.length - 1 - Math.floor(random() * Math.min(entries.length, 150))] as Entry;
    if (entry.future.done()) continue;
    const kill = random() < 0.1;
    if (entry.future.cancel({ kill })) entry[kill ? 'killed' : 'cancelled'] = true;
  }
}

const OUTCOMES: Record<Entry['bomb'], string> = {
  short: 'fine',
  nothing: 'fine',
  throw: 'Error',
  kill: 'TerminatedWorkerError',
  exit: 'TerminatedWorkerError',
  hang: 'TimeoutError',
};

async function outcomeOf({ future, id }: Entry): Promise<string> {
  if (future.cancelled()) return 'cancelled';
  const error = await future.exception();
  return error?.name ?? ((await future) === id ? 'fine' : 'a wrong result');
}

test.each([
  [1, { spareWorkers: 1 }],
  [2, { maxTasksPerWorker: 60 }],
  [3, {}],
])(
  'a storm of short tasks, cancels, kills, timeouts and crashes: each has its own outcome, none runs twice (seed %d)',
  async (seed, options) => {
    const random = seeded(seed);
    const file = runsFile();
    const executor = pool({ maxWorkers: 3, onWorkerCrash: 'isolate', stdio: 'ignore', ...options });
    const entries: Entry[] = [];
    while (entries.length < 1_500) {
      submitSome(executor, file, entries, random);
      cancelSome(entries, random);
      await new Promise((resolve) => setTimeout(resolve, random() * 10));
    }
    const { notDone } = await wait(
      entries.map(({ future }) => future),
      { timeout: 60_000 },
    );
    expect(notDone.size).toBe(0);
    const runs = runsIn(file);
    for (const entry of entries) {
      const outcome = await outcomeOf(entry);
      const { id, bomb, cancelled, killed } = entry;
      expect({ id, bomb, outcome }).toEqual({
        id,
        bomb,
        outcome: cancelled || killed ? 'cancelled' : OUTCOMES[bomb],
      });
      const count = runs.get(id) ?? 0;
      if (cancelled) expect({ id, bomb, count }).toEqual({ id, bomb, count: 0 });
      // Its time may be over before a busy machine has let its worker begin.
      else if (bomb === 'hang') expect(count).toBeLessThanOrEqual(1);
      else if (!killed) expect({ id, bomb, count }).toEqual({ id, bomb, count: 1 });
    }
  },
  120_000,
);

/** The pool knows after this that `square` is short. */
const train = (executor: ProcessPoolExecutor) =>
  executor
    .submit(() => 0)
    .then(() => Promise.all(Array.from({ length: 200 }, (_, n) => executor.submit(square, n))));

test('a slow task holds nobody up while another worker is free', async () => {
  const executor = pool({ maxWorkers: 2 });
  const moody = (ms: number) => {
    const end = performance.now() + ms;
    while (performance.now() < end);
    return ms;
  };
  await Promise.all(Array.from({ length: 500 }, () => executor.submit(moody, 0)));
  const order: string[] = [];
  const slow = executor.submit(moody, 600).then(() => order.push('slow'));
  const others = Array.from({ length: 200 }, () => executor.submit(moody, 0));
  await Promise.all([slow, Promise.all(others).then(() => order.push('others'))]);
  expect(order).toEqual(['others', 'slow']);
});

test('what a crash finds sent ahead and not begun runs elsewhere, also behind a worker that is late', async () => {
  const executor = pool({ onWorkerCrash: 'isolate', stdio: 'ignore' });
  const late = (ms: number) => {
    const block = () => {
      const end = performance.now() + ms;
      while (performance.now() < end);
    };
    if (ms > 0) setImmediate(block); // after its answer, when the next tasks are on their way to it
    block();
  };
  const mayCrash = (n: number) => {
    if (n < 0) process.kill(process.pid, 'SIGKILL');
    while (n < 0);
    return n;
  };
  await Promise.all(Array.from({ length: 300 }, () => executor.submit(late, 0)));
  await Promise.all(Array.from({ length: 300 }, (_, n) => executor.submit(mayCrash, n)));
  const first = executor.submit(late, 30);
  const crash = executor.submit(mayCrash, -1);
  const others = Array.from({ length: 10 }, (_, n) => executor.submit(mayCrash, n));
  await first;
  expect((await rejectionOf(crash)).name).toBe('TerminatedWorkerError');
  expect(await Promise.all(others)).toEqual(others.map((_, n) => n));
});

test('cancel() is exact at any moment: true means that the task never runs', async () => {
  const executor = pool({ maxWorkers: 2 });
  const file = runsFile();
  const futures = Array.from({ length: 3_000 }, (_, id) => executor.submit(short, { file, id }));
  const cancelled = new Set<number>();
  while (futures.some((future) => !future.done())) {
    const candidates = futures.flatMap((future, id) => (future.done() ? [] : [id]));
    for (const id of candidates.slice(0, 8)) if (futures[id]?.cancel()) cancelled.add(id);
    await new Promise((resolve) => setImmediate(resolve));
  }
  const runs = runsIn(file);
  expect(cancelled.size).toBeGreaterThan(0);
  for (const [id, future] of futures.entries()) {
    expect({ id, runs: runs.get(id) ?? 0, cancelled: future.cancelled() }).toEqual({
      id,
      runs: cancelled.has(id) ? 0 : 1,
      cancelled: cancelled.has(id),
    });
  }
});

test('running() means that the task is executing, also for one that was sent ahead', async () => {
  const executor = pool();
  await train(executor);
  const futures = Array.from({ length: 64 }, (_, n) => executor.submit(square, n));
  for (const future of futures) if (!future.running() && !future.done()) expect(future.cancel()).toBe(true);
  await wait(futures);
  for (const [n, future] of futures.entries()) if (!future.cancelled()) expect(await future).toBe(n * n);
});

describe('maxTasksPerWorker', () => {
  test('is strict, whatever comes in bursts, and loses no task', async () => {
    const executor = pool({ maxWorkers: 2, maxTasksPerWorker: 40 });
    const recycled: (number | undefined)[] = [];
    executor.on('workerRecycled', ({ reason, tasksDone, pid }) => {
      expect([reason, tasksDone]).toEqual(['max-tasks', 40]);
      recycled.push(pid);
    });
    const done = new Map<number, number>();
    const pidOf = (_: number) => process.pid;
    for (const burst of [1, 60, 5, 200, 40]) {
      const pids = await Promise.all(Array.from({ length: burst }, (_, n) => executor.submit(pidOf, n)));
      for (const pid of pids) done.set(pid, (done.get(pid) ?? 0) + 1);
    }
    expect(Math.max(...done.values())).toBe(40);
    expect(recycled).toHaveLength([...done.values()].filter((count) => count === 40).length);
    expect([...done.values()].reduce((sum, count) => sum + count)).toBe(306);
  });
});

test('nothing is lost in the moment in which a worker announces that it leaves for its leak', async () => {
  const executor = pool({ maxWorkers: 2, memory: { leakThreshold: 30e6, checkDelay: 1 } });
  let recycled = 0;
  executor.on('workerRecycled', () => {
    recycled += 1;
  });
  const file = runsFile();
  const leak = (mark: Mark) => {
    process.getBuiltinModule('node:fs').appendFileSync(mark.file, `${mark.id}\n`);
    const kept = globalThis as { leaked?: Buffer[] };
    kept.leaked ??= [];
    kept.leaked.push(Buffer.alloc(100e3, 1));
    return mark.id;
  };
  const futures = Array.from({ length: 1_500 }, (_, id) => executor.submit(leak, { file, id }));
  expect(await Promise.all(futures)).toEqual(futures.map((_, id) => id));
  expect([...runsIn(file).values()].every((count) => count === 1)).toBe(true);
  expect(recycled).toBeGreaterThan(2);
});

test('a pool that is made smaller shrinks while short tasks wait for it', async () => {
  const { getReusableExecutor } = await import('loky');
  const executor = getReusableExecutor({ maxWorkers: 2, key: 'shrinking' });
  await executor.prewarm();
  const pidOf = (_: number) => {
    const end = performance.now() + 0.2;
    while (performance.now() < end);
    return process.pid;
  };
  const futures: Future<number>[] = [];
  /** However slow or fast all is here, tasks wait all the time. */
  const keepFull = () => {
    while (executor.stats().pending < 1_000) futures.push(executor.submit(pidOf, futures.length));
  };
  keepFull();
  await futures[500];
  getReusableExecutor({ maxWorkers: 1, key: 'shrinking' });
  await waitUntil(() => {
    keepFull();
    return executor.stats().workers.filter(({ state }) => state === 'busy').length === 1;
  }, 10_000);
  expect(new Set((await Promise.all(futures)).slice(-500)).size).toBe(1);
  await executor.shutdown();
});
