/** What the benchmark makes of its figures, and that its floor is a pool that works. It starts no peer. */
import { describe, expect, test } from '@jest/globals';

type Figures = readonly [median: number, least: number, most: number];
interface Entry {
  status: string;
  metrics: Record<string, Figures>;
}
interface Results {
  machine: object;
  versions: object;
  scenarios: Record<string, Record<string, Entry>>;
}
interface Sample {
  status: string;
  metrics: Record<string, number | undefined>;
  took: number;
  message?: string;
}
interface Goal {
  title: string;
  value: number;
  isMet: boolean;
}
interface Scenario {
  name: string;
  pools: string[];
  rows: { title: string; unit: string; goals: Record<string, number> }[];
}
interface FloorPool {
  run(task: string, argument?: unknown): Promise<unknown>;
  close(): void;
}
interface Bench {
  scenarios: Scenario[];
  pools: Record<string, unknown>;
  FloorPool: new (workers: number) => FloorPool;
  judge(results: Results): Goal[];
  tableOf(results: Results, names: string[]): { head: string[]; rows: string[][] };
  toMarkdown(results: Results): string;
  summarize(samples: Sample[]): Entry & { rounds: number; message?: string };
  isSettled(samples: Sample[]): boolean;
  verdict(sent: unknown, received: unknown): string;
}

/** The benchmark is JavaScript that no build touches. */
const load = (file: string): Promise<Bench> => import(`../../../scripts/bench/${file}`) as Promise<Bench>;

const { FloorPool } = await load('floor.js');
const { judge, tableOf, toMarkdown } = await load('report.js');
const { pools } = await load('pools.js');
const { scenarios } = await load('scenarios/index.js');
const { summarize, isSettled } = await load('probes.js');
const { verdict } = await load('scenarios/warm.js');

const entry = (metrics: Record<string, number>, status = 'ok'): Entry => ({
  status,
  metrics: Object.fromEntries(Object.entries(metrics).map(([key, value]) => [key, [value, value, value]])),
});

const results: Results = {
  machine: { node: 'v20', platform: 'linux', cpu: 'a CPU', cpus: 2 },
  versions: { piscina: '5.0.0' },
  scenarios: {
    'cold-calls': {
      loky: entry({ 'import.wall': 30, 'import.host': 20, 'first.host': 26 }),
      piscina: entry({ 'import.wall': 40, 'import.host': 45 }),
      'worker-farm': entry({ 'import.wall': 10, 'first.host': 10 }),
    },
    'first-submit': { loky: entry({ blocked: 9 }), 'loky-closure': entry({ blocked: 60 }) },
    'burst-20k': { loky: entry({ rate: 100_000 }), piscina: entry({ rate: 10_000 }) },
    'death-seen': { loky: entry({ ms: 3 }), poolifier: entry({}, 'hangs') },
  },
};

describe('scenarios', () => {
  test.each(scenarios)('$name has rows, and pools that there are, which its goals name', (scenario) => {
    expect(Object.keys(pools)).toEqual(expect.arrayContaining(scenario.pools));
    for (const { title, unit, goals } of scenario.rows) {
      expect([title, unit]).not.toContain('');
      const named = Object.keys(goals).map((whom) => whom.replace('over ', ''));
      expect(['best', ...scenario.pools]).toEqual(expect.arrayContaining(named));
    }
  });

  test('have rows of different names', () => {
    const titles = scenarios.flatMap(({ rows }) => rows.map(({ title }) => title));
    expect(new Set(titles).size).toBe(titles.length);
  });
});

describe('goals', () => {
  const judged = new Map(judge(results).map((goal) => [goal.title, goal]));

  test('are ratios to other pools in the same run, or absolute', () => {
    expect(judged.get('import ÷ piscina')).toMatchObject({ value: 0.75, isMet: true });
    expect(judged.get('import ÷ worker-farm')).toMatchObject({ value: 3, isMet: false });
    expect(judged.get('first result, from the import on: host CPU ÷ worker-farm')).toMatchObject({
      value: 2.6,
    });
    expect(judged.get('20,000 no-ops at once ÷ piscina')).toMatchObject({ value: 10, isMet: true });
    expect(judged.get("a worker's death seen by the caller")).toMatchObject({ value: 3, isMet: true });
  });

  test('of variants are judged by their own figures', () => {
    const title = 'first call: longest turn of the event loop until its result';
    expect(judged.get(title)?.isMet).toBe(true);
    expect(judged.get(`loky, closure: ${title}`)?.isMet).toBe(false);
  });

  test('without a figure are left out', () => {
    expect([...judged.keys()].filter((goal) => goal.startsWith('Buffer'))).toEqual([]);
  });
});

describe('tables', () => {
  test('have a row for each metric and a column for each pool, the best in bold', () => {
    const { head, rows } = tableOf(results, ['cold-calls']);
    expect(head).toEqual(['', 'loky', 'piscina (threads)', 'worker-farm', 'loky ÷ best other']);
    expect(rows[0]).toEqual(['import, ms', '30.0', '40.0', '**10.0**', '3.0']);
  });

  test('say what happened where there is no figure', () => {
    expect(tableOf(results, ['death-seen']).rows[0]).toEqual([
      "a worker's death seen by the caller, ms",
      '**3.00**',
      'hangs',
      '',
    ]);
  });

  test('of cold code come before those of warm code, and both say so', () => {
    expect(toMarkdown(results)).toMatch(
      /## Cold\n\nFresh processes.*## Warm\n\nTwo workers that have run.*## Goals/s,
    );
  });
});

describe('samples', () => {
  const sample = (ms: number, status = 'ok'): Sample => ({ status, metrics: { ms }, took: 100 });

  test('become a median with the least and the most', () => {
    expect(summarize([sample(3), sample(1), sample(8)])).toEqual({
      status: 'ok',
      metrics: { ms: [3, 1, 8] },
      rounds: 3,
    });
  });

  test('that failed say so and end the trials', () => {
    const failed: Sample = { status: 'hangs', metrics: {}, took: 100, message: 'it hung' };
    expect(summarize([sample(3), failed])).toMatchObject({ status: 'hangs', message: 'it hung' });
    expect([isSettled([sample(3), failed]), isSettled([sample(3, 'lossy')])]).toEqual([true, false]);
  });
});

test('a payload is the same, the same as another type, or wrong', () => {
  const bytes = Buffer.from('bytes');
  const numbers = Float64Array.of(1, 2);
  expect(verdict(bytes, Buffer.from(bytes))).toBe('ok');
  expect(verdict(bytes, new Uint8Array(bytes))).toBe('lossy');
  expect(verdict(bytes, JSON.parse(JSON.stringify(bytes)))).toBe('lossy');
  expect(verdict(numbers, { 0: 1, 1: 2 })).toBe('lossy');
  expect(verdict(numbers, Float64Array.of(1, 3))).toBe('wrong');
  expect(verdict({ a: [1] }, { a: [1] })).toBe('ok');
  expect(verdict({ a: [1] }, undefined)).toBe('wrong');
});

test('the floor answers calls and bytes, and goes on when its worker dies', async () => {
  const pool = new FloorPool(1);
  try {
    const large = Buffer.alloc(300_000, 7);
    const [echo, census, bytes, numbers] = await Promise.all([
      pool.run('echo', { a: 1 }),
      pool.run('census') as Promise<{ pid: number }>,
      pool.run('echo', large),
      pool.run('echo', Float64Array.of(1.5, 2.5)),
    ]);
    expect([echo, bytes, numbers]).toEqual([{ a: 1 }, large, Float64Array.of(1.5, 2.5)]);
    process.kill(census.pid, 'SIGKILL');
    await expect(pool.run('census')).rejects.toThrow('the worker died');
    expect(await pool.run('echo', 2)).toBe(2);
  } finally {
    pool.close();
  }
}, 20_000);
