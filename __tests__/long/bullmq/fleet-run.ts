/**
 * Three machines, many jobs, and all that happens to a fleet: crashes and hangs, a rolling deploy with a machine that is killed
 * and one that leaves, a restart of the engine, a machine that is paused, connections that are cut. It reports what became of
 * each job, and why those ran that began more than once. It knows no engine but by `FleetEngine`.
 */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Future, TimeoutError } from 'loky';
import { BullMQExecutor, type BullMQExecutorOptions, defineTasks } from 'loky/bullmq';
import { type Machine, startMachine } from './machines.ts';
import * as tasks from './programs/tasks.js';

/** What keeps the queue: Redis, or another one. */
export interface FleetEngine {
  /** Options of executors and machines; for a machine they travel as JSON. `who` names its connections. */
  optionsFor(who: string): { readonly connection: object };
  /** With all its data. */
  restart(): Promise<void>;
  /** @returns whose connection it was, as far as that is known. */
  cutConnection(): Promise<string>;
}

export interface FleetRunSettings {
  readonly jobs: number;
  readonly queue: string;
  readonly pause: number;
  readonly cuts: number;
  /** Milliseconds after which what is not done is lost. */
  readonly limit: number;
}

/** An interval in which something went on, of one machine or of all. */
export interface Incident {
  readonly kind: 'killed' | 'left' | 'paused' | 'engine restarted' | 'connection cut';
  readonly machine: string | undefined;
  readonly from: number;
  readonly to: number;
}

export interface Run {
  readonly index: number;
  readonly attempt: number;
  readonly machine: string;
  readonly begin: number;
  readonly end: number | undefined;
}

export interface FleetReport {
  readonly jobs: number;
  readonly seconds: number;
  readonly incidents: readonly Incident[];
  readonly cuts: number;
  readonly machines: number;
  readonly notSettled: number;
  readonly valuesRight: number;
  readonly hangsEnded: number;
  readonly wronglyFailed: readonly string[];
  readonly neverRun: number;
  readonly runs: number;
  readonly duplicates: number;
  /** How many of the duplicates have which reason. */
  readonly reasons: Readonly<Record<string, number>>;
  readonly unexplained: readonly string[];
}

type Fate = 'crash' | 'hang' | 'work';

export function fateOf(index: number): Fate {
  if (index % 100 === 7) return 'crash';
  return index % 100 === 57 ? 'hang' : 'work';
}

/** Milliseconds that the end of something may be noted late: clocks are the same, processes wait for a processor. */
const SLACK = 500;
/** Of several incidents the first of these is the reason. */
const REASONS: readonly Incident['kind'][] = [
  'killed',
  'left',
  'paused',
  'engine restarted',
  'connection cut',
];

/** Why a job ran again after this run; `undefined` if nothing explains it. */
export function reasonOf(
  run: Run,
  next: Run,
  incidents: readonly Incident[],
  isFirst: boolean,
): string | undefined {
  if (fateOf(run.index) === 'crash' && isFirst && run.end === undefined) return 'its process crashed';
  const found = incidents.filter(
    ({ machine, from, to }) =>
      (machine === undefined || machine === run.machine) &&
      from - SLACK <= next.begin &&
      to + SLACK >= run.begin,
  );
  const kind = REASONS.find((each) => found.some((incident) => incident.kind === each));
  if (kind === undefined) return undefined;
  return {
    killed: 'its machine was killed',
    left: 'its machine left',
    paused: 'its machine was paused',
    'engine restarted': 'the engine was restarted',
    'connection cut': 'a connection of its machine was cut',
  }[kind];
}

export async function runFleet(engine: FleetEngine, settings: FleetRunSettings): Promise<FleetReport> {
  const folder = mkdtempSync(join(tmpdir(), 'loky-fleet-'));
  try {
    return await new FleetRun(engine, settings, join(folder, 'runs')).report();
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

class FleetRun {
  readonly #engine: FleetEngine;
  readonly #settings: FleetRunSettings;
  readonly #folder: string;
  readonly #incidents: Incident[] = [];
  readonly #machines = new Map<string, Machine>();
  readonly #futures: Future<number>[] = [];
  #settled = 0;
  #cuts = 0;
  #isOver = false;

  constructor(engine: FleetEngine, settings: FleetRunSettings, folder: string) {
    this.#engine = engine;
    this.#settings = settings;
    this.#folder = folder;
    mkdirSync(folder, { recursive: true });
  }

  async report(): Promise<FleetReport> {
    const startedAt = performance.now();
    const old = this.#open('1');
    const young = this.#open('2');
    try {
      await Promise.all(['a1', 'b1', 'c1'].map((name) => this.#start(name)));
      const share = Math.floor(this.#settings.jobs * 0.4);
      for (let index = 0; index < share; index += 1) this.#submit(old, index);
      for (let index = share; index < this.#settings.jobs; index += 1) this.#submit(young, index);
      const cutting = this.#cutConnections();
      await this.#deploy();
      await this.#until(() => this.#settled === this.#settings.jobs);
      this.#isOver = true;
      await cutting;
      return await this.#evaluate((performance.now() - startedAt) / 1_000);
    } finally {
      this.#isOver = true;
      await Promise.all([old, young].map((executor) => executor.shutdown({ killWorkers: true })));
      await Promise.all([...this.#machines.values()].map((machine) => machine.kill('SIGTERM')));
    }
  }

  #open(version: string): BullMQExecutor {
    const registry = defineTasks(`file:///fleet/${version}.js`, { trace: tasks.trace }, { version });
    const options = { queue: this.#settings.queue, tasks: registry, crashRetries: 5, checkInterval: 1_000 };
    return new BullMQExecutor({
      ...options,
      ...this.#engine.optionsFor('submitter'),
    } as BullMQExecutorOptions);
  }

  /** The version of a machine's tasks is the digit of its name. */
  async #start(name: string): Promise<void> {
    const options = {
      ...{ queue: this.#settings.queue, maxWorkers: 2, gracePeriod: 2_000 },
      ...{ lockDuration: 3_000, stalledInterval: 1_000, maxStalledCount: 20 },
      ...this.#engine.optionsFor(name),
    };
    this.#machines.set(name, await startMachine(options, { TASKS_VERSION: name.slice(1), MACHINE: name }));
  }

  #submit(executor: BullMQExecutor, index: number): void {
    const fate = fateOf(index);
    const view = fate === 'hang' ? executor.withOptions({ timeout: 2_000 }) : executor;
    const future = view.submit(tasks.trace, this.#folder, index, fate);
    future.addDoneCallback(() => {
      this.#settled += 1;
    });
    this.#futures.push(future);
  }

  /** Version 2 takes the place of version 1, machine by machine, and each goes in another way. */
  async #deploy(): Promise<void> {
    await this.#untilShare(0.15);
    await this.#end('a1', 'killed', 'SIGKILL');
    await this.#start('a2');
    await this.#untilShare(0.25);
    await this.#end('b1', 'left', 'SIGTERM');
    await this.#start('b2');
    await this.#untilShare(0.35);
    await this.#during('engine restarted', undefined, () => this.#engine.restart());
    await this.#untilShare(0.45);
    await this.#during('paused', 'b2', () => this.#pause('b2'));
    const share = Math.floor(this.#settings.jobs * 0.4);
    await this.#until(() => this.#futures.slice(0, share).every((future) => future.done()));
    await this.#end('c1', 'left', 'SIGTERM');
    await this.#start('c2');
  }

  async #pause(name: string): Promise<void> {
    const { pid } = this.#machines.get(name) as Machine;
    process.kill(pid, 'SIGSTOP');
    await sleep(this.#settings.pause);
    process.kill(pid, 'SIGCONT');
  }

  async #end(name: string, kind: Incident['kind'], signal: NodeJS.Signals): Promise<void> {
    const machine = this.#machines.get(name) as Machine;
    this.#machines.delete(name);
    await this.#during(kind, name, () => machine.kill(signal));
  }

  async #during(
    kind: Incident['kind'],
    machine: string | undefined,
    run: () => Promise<void>,
  ): Promise<void> {
    const from = Date.now();
    await run();
    this.#incidents.push({ kind, machine, from, to: Date.now() });
  }

  /** At shares of the work, so that they are spread over all of it. */
  async #cutConnections(): Promise<void> {
    const { cuts, jobs } = this.#settings;
    for (let cut = 1; cut <= cuts; cut += 1) {
      await this.#until(() => this.#isOver || this.#settled >= (jobs * cut) / (cuts + 1));
      const from = Date.now();
      const whose = await this.#engine.cutConnection().catch(() => undefined); // the engine starts again
      if (whose === undefined) {
        await sleep(500);
        cut -= 1;
        continue;
      }
      this.#cuts += 1;
      const machine = this.#machines.has(whose) ? whose : undefined;
      if (whose !== 'submitter')
        this.#incidents.push({ kind: 'connection cut', machine, from, to: Date.now() });
    }
  }

  #untilShare(share: number): Promise<void> {
    return this.#until(() => this.#settled >= this.#settings.jobs * share);
  }

  async #until(condition: () => boolean): Promise<void> {
    const deadline = performance.now() + this.#settings.limit;
    while (!condition() && performance.now() < deadline) await sleep(20);
  }

  async #evaluate(seconds: number): Promise<FleetReport> {
    const { jobs } = this.#settings;
    const wronglyFailed: string[] = [];
    let valuesRight = 0;
    let hangsEnded = 0;
    for (const [index, future] of this.#futures.entries()) {
      if (!future.done()) continue;
      const error = await future.exception().catch((cancelled: Error) => cancelled);
      if (error === undefined && (await future) === index && fateOf(index) !== 'hang') valuesRight += 1;
      else if (error instanceof TimeoutError && fateOf(index) === 'hang') hangsEnded += 1;
      else wronglyFailed.push(`${index} (${fateOf(index)}): ${error?.name}: ${error?.message}`);
    }
    const runs = readRuns(this.#folder);
    const reasons: Record<string, number> = {};
    const unexplained: string[] = [];
    for (const ofJob of runs.values()) {
      for (const [number, run] of ofJob.slice(0, -1).entries()) {
        const reason = reasonOf(run, ofJob[number + 1] as Run, this.#incidents, number === 0);
        if (reason === undefined) unexplained.push(JSON.stringify(ofJob));
        else reasons[reason] = (reasons[reason] ?? 0) + 1;
      }
    }
    const count = [...runs.values()].reduce((sum, ofJob) => sum + ofJob.length, 0);
    return {
      ...{ jobs, seconds: Math.round(seconds), incidents: this.#incidents, cuts: this.#cuts, machines: 6 },
      notSettled: this.#futures.filter((future) => !future.done()).length,
      ...{ valuesRight, hangsEnded, wronglyFailed },
      ...{ neverRun: jobs - runs.size, runs: count, duplicates: count - runs.size, reasons, unexplained },
    };
  }
}

/** By job, in the order in which machines took it. */
function readRuns(folder: string): Map<number, Run[]> {
  const runs = new Map<number, Run[]>();
  for (const machine of readdirSync(folder)) {
    const ends = new Map<string, number>();
    const lines = readFileSync(join(folder, machine), 'utf8')
      .trimEnd()
      .split('\n')
      .map((line) => line.split(' '));
    for (const [what, index, attempt, time] of lines)
      if (what === 'end') ends.set(`${index} ${attempt}`, Number(time));
    for (const [what, index, attempt, time] of lines) {
      if (what !== 'begin') continue;
      const run = { index: Number(index), attempt: Number(attempt), machine, begin: Number(time) };
      const ofJob = runs.get(run.index) ?? [];
      ofJob.push({ ...run, end: ends.get(`${index} ${attempt}`) });
      runs.set(run.index, ofJob);
    }
  }
  for (const ofJob of runs.values()) ofJob.sort(byTaking);
  return runs;
}

/** As machines took the job. One that is paused then begins it when it goes on, after the machine that has taken it over. */
export const byTaking = (one: Run, other: Run): number =>
  one.attempt - other.attempt || one.begin - other.begin;
