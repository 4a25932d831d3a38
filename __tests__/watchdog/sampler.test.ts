import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readlinkSync } from 'node:fs';
import { afterAll, afterEach, describe, expect, test } from '@jest/globals';
import { killTree } from '../../lib/watchdog/kill.ts';
import { descendantsOf, readProcessTable } from '../../lib/watchdog/processes.ts';
import {
  createProcReader,
  createUsageReader,
  type ReadUsage,
  type Sample,
  Sampler,
} from '../../lib/watchdog/usage.ts';
import { createPidusageReader } from '../../lib/watchdog/without-proc/pidusage-reader.ts';
import { waitUntil } from '../helpers/processes.ts';
import { compileHost, hostFolder, startHost } from './hosts.ts';
import { IDLE, SAYS_ITS_PID, SPINNING, starts, startTree, type Tree } from './trees.ts';

const { folder, remove } = hostFolder();
afterAll(remove);

const MB = 1e6;
const HOLDS_100_MB = 'globalThis.held = Buffer.alloc(1e8, 1);';
const big = HOLDS_100_MB + SAYS_ITS_PID + IDLE;

const readers: [string, () => Promise<ReadUsage>][] = [
  ['pidusage', async () => createPidusageReader(3_000)],
  ['/proc alone', async () => createProcReader()],
];

let trees: Tree[] = [];
afterEach(async () => {
  for (const { root } of trees)
    if (root.exitCode === null && root.signalCode === null) killTree(root.pid as number);
  await Promise.all(trees.map(({ exited }) => exited));
  trees = [];
});
async function tree(script: string, count = 1): Promise<number> {
  const started = await startTree(script, count);
  trees.push(started);
  return started.root.pid as number;
}

describe.each(readers)('reading usage by %s', (_, createReader) => {
  test('tells the memory of several processes at once', async () => {
    const [small, large] = [await tree(SAYS_ITS_PID + IDLE), await tree(big)];
    const usages = await (await createReader())([small, large]);
    const [one, two] = [usages.get(small)?.rss ?? 0, usages.get(large)?.rss ?? 0];
    expect(one).toBeGreaterThan(20 * MB);
    expect(two - one).toBeGreaterThan(80 * MB);
    expect(two - one).toBeLessThan(130 * MB);
  });

  test('tells the CPU since the reading before', async () => {
    const [idle, busy] = [await tree(SAYS_ITS_PID + IDLE), await tree(SAYS_ITS_PID + SPINNING)];
    const read = await createReader();
    expect((await read([idle, busy])).get(busy)?.cpu).toBe(0);
    let latest: Awaited<ReturnType<ReadUsage>>;
    const deadline = performance.now() + 20_000;
    // The clock of the kernel ticks in hundredths of a second: one tick within a millisecond would be 1,000 %.
    do {
      await new Promise((resolve) => setTimeout(resolve, 200));
      latest = await read([idle, busy]);
    } while ((latest.get(busy)?.cpu ?? 0) < 20 && performance.now() < deadline);
    expect(latest.get(busy)?.cpu).toBeGreaterThanOrEqual(20);
    expect(latest.get(busy)?.cpu).toBeLessThan(200);
    expect(latest.get(idle)?.cpu).toBeLessThan(20);
  });

  test('does not lose the others when one is gone', async () => {
    const [gone, there] = [await tree(SAYS_ITS_PID + IDLE), await tree(SAYS_ITS_PID + IDLE)];
    const read = await createReader();
    await read([gone, there]);
    killTree(gone);
    await trees[0]?.exited;
    expect([...(await read([gone, there, 2 ** 22 + 1])).keys()]).toEqual([there]);
    expect([...(await read([gone])).keys()]).toEqual([]);
    expect([...(await read([])).keys()]).toEqual([]);
  });
});

describe('createUsageReader', () => {
  test('needs no program in PATH, and prints nothing', async () => {
    const file = compileHost(
      folder,
      'usage',
      `import { createUsageReader } from './lib/watchdog/usage.ts';
       const read = await createUsageReader(3_000);
       console.log((await read([process.pid])).get(process.pid).rss);`,
    );
    const host = startHost(file, { PATH: '/nonexistent' });
    expect(await host.next<number>()).toBeGreaterThan(20 * MB);
    expect(await host.closed).toEqual({ code: 0, signal: null });
    expect(host.stderr()).toBe('');
  });

  test('says nothing of a process that has ended and is still in the table: it has given its memory back', async () => {
    // The shell starts a process that ends, and becomes one that never asks for its exit.
    const parent = spawn('/bin/sh', ['-c', 'true & exec sleep 60'], { stdio: 'ignore' });
    try {
      const zombie = () =>
        [...(readProcessTable()?.values() ?? [])].find(
          ({ ppid, state }) => ppid === parent.pid && state === 'Z',
        );
      await waitUntil(() => zombie() !== undefined, 20_000);
      expect(await (await createUsageReader(3_000))([zombie()?.pid as number])).toEqual(new Map());
    } finally {
      parent.kill('SIGKILL');
      await once(parent, 'exit');
    }
  });

  test('by pidusage rejects when it fails for another reason than that a process is gone', async () => {
    const read = createPidusageReader(3_000);
    await expect(read([process.pid, -1])).rejects.toThrow('One of the pids provided is invalid');
    expect((await read([process.pid])).get(process.pid)?.rss).toBeGreaterThan(20 * MB);
  });

  // pidusage would lose some 500 in this time.
  test('keeps no descriptor of a process that ends while it is read', async () => {
    const parent = await tree(
      `${SAYS_ITS_PID} require('node:child_process').spawn('/bin/sh', ['-c', 'while :; do /bin/true; done']); ${IDLE}`,
    );
    const read = await createUsageReader(300);
    // On a busy machine few processes end in this time.
    const [enough, late] = [performance.now() + 3_000, performance.now() + 15_000];
    const seen = new Set<number>();
    while (performance.now() < enough || (seen.size <= 20 && performance.now() < late)) {
      const pids = descendantsOf(parent, readProcessTable() ?? new Map());
      for (const pid of pids) seen.add(pid);
      await read(pids);
    }
    expect(seen.size).toBeGreaterThan(20);
    expect(openFilesOf(seen)).toEqual([]);
  });
});

/** What this process holds open of `/proc/<pid>`. */
function openFilesOf(pids: ReadonlySet<number>): string[] {
  return readdirSync('/proc/self/fd').flatMap((fd) => {
    try {
      const link = readlinkSync(`/proc/self/fd/${fd}`);
      const pid = /^\/proc\/(\d+)\//.exec(link)?.[1];
      return pids.has(Number(pid)) ? [link] : [];
    } catch {
      return []; // Closed in the meantime.
    }
  });
}

describe('a sampler', () => {
  let sampler: Sampler | undefined;
  afterEach(() => {
    for (const { root } of trees) sampler?.unwatch(root.pid as number);
  });

  function start(options: { interval?: number; createReader?: () => Promise<ReadUsage> } = {}) {
    const samples: [number, Sample][] = [];
    const errors: Error[] = [];
    sampler = new Sampler({
      interval: 20,
      ...options,
      onSample: (pid, sample) => samples.push([pid, sample]),
      onError: (error) => errors.push(error),
    });
    return { sampler, samples, errors };
  }

  test('adds up a process and its descendants', async () => {
    const pid = await tree(SAYS_ITS_PID + starts(big) + starts(big, { detached: true }) + SPINNING, 3);
    const { sampler, samples } = start();
    sampler.watch(pid);
    await waitUntil(() => samples.length > 1, 10_000);
    const [, sample] = samples[1] as [number, Sample];
    expect(sample.processes).toBe(3);
    expect(sample.rss).toBeGreaterThan(250 * MB);
  });

  test('reads all that is watched with one call in each round', async () => {
    const pids = [
      await tree(SAYS_ITS_PID + IDLE),
      await tree(SAYS_ITS_PID + starts(SAYS_ITS_PID + IDLE) + IDLE, 2),
    ];
    const calls: number[] = [];
    const read = createProcReader();
    const { sampler, samples } = start({
      createReader: async () => (asked) => {
        calls.push(asked.length);
        return read(asked);
      },
    });
    for (const pid of pids) sampler.watch(pid);
    await waitUntil(() => calls.length > 2, 10_000);
    expect(new Set(calls)).toEqual(new Set([3]));
    expect(new Set(samples.map(([pid]) => pid))).toEqual(new Set(pids));
  });

  test('asks for nothing while nothing is watched, and goes on when something is', async () => {
    const pid = await tree(SAYS_ITS_PID + IDLE);
    let calls = 0;
    const read = createProcReader();
    const { sampler, samples } = start({
      interval: 5,
      createReader: async () => (asked) => {
        calls++;
        return read(asked);
      },
    });
    sampler.watch(pid);
    await waitUntil(() => samples.length > 0, 10_000);
    sampler.unwatch(pid);
    const [seen, asked] = [samples.length, calls];
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(samples.length).toBe(seen);
    expect(calls).toBeLessThanOrEqual(asked + 1);
    sampler.watch(pid);
    await waitUntil(() => samples.length > seen, 10_000);
  });

  test('goes on with the others when a process ends', async () => {
    const [gone, there] = [await tree(SAYS_ITS_PID + IDLE), await tree(SAYS_ITS_PID + IDLE)];
    const { sampler, samples, errors } = start();
    sampler.watch(gone);
    sampler.watch(there);
    await waitUntil(() => samples.some(([pid]) => pid === gone), 10_000);
    killTree(gone);
    await trees[0]?.exited;
    samples.length = 0;
    await waitUntil(() => samples.length > 3, 10_000);
    expect(samples.slice(1).every(([pid]) => pid === there)).toBe(true);
    expect(errors).toEqual([]);
  });

  test('reports a round that failed and tries again', async () => {
    const pid = await tree(SAYS_ITS_PID + IDLE);
    let attempts = 0;
    const { sampler, samples, errors } = start({
      createReader: async () => {
        attempts++;
        if (attempts === 1) throw new Error('no reader for now');
        return createProcReader();
      },
    });
    sampler.watch(pid);
    await waitUntil(() => samples.length > 0, 10_000);
    expect(errors.map(({ message }) => message)).toEqual(['no reader for now']);
  });

  test('says nothing of a process that was unwatched while it was read', async () => {
    const pid = await tree(SAYS_ITS_PID + IDLE);
    let answer = (_: ReadonlyMap<number, { rss: number; cpu: number }>) => {};
    const { sampler, samples } = start({
      createReader: async () => () =>
        new Promise((resolve) => {
          answer = resolve;
        }),
    });
    sampler.watch(pid);
    await new Promise((resolve) => setTimeout(resolve, 100));
    sampler.unwatch(pid);
    answer(new Map([[pid, { rss: 1, cpu: 1 }]]));
    await new Promise((resolve) => setImmediate(resolve));
    expect(samples).toEqual([]);
  });

  test('keeps no process alive', async () => {
    const file = compileHost(
      folder,
      'sampling',
      `import { Sampler } from './lib/watchdog/usage.ts';
       const sampler = new Sampler({ interval: 10, onSample() { console.log('"sampled"'); } });
       sampler.watch(process.pid);
       setTimeout(() => {}, 300);`,
    );
    const host = startHost(file);
    expect(await host.next()).toBe('sampled');
    expect(await host.closed).toEqual({ code: 0, signal: null });
    expect(host.stderr()).toBe('');
  });
});
