/** The heartbeat of a machine: a report on what it does, at intervals. The engine drops a machine that is silent. */
import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { clearInterval, setInterval } from '../system/timers.ts';
import { bullmqVersion } from './engine.ts';
import type { Exchange } from './exchange.ts';
import type { ServeSettings } from './serve-options.ts';
import type { CompactStats, MachineReport } from './server-stats.ts';
import { keyName } from './signing.ts';
import { PROTOCOL } from './wire.ts';

/** Heartbeats within the time after which a silent machine is forgotten: one may get lost. */
const BEATS = 3;

export class Heartbeat {
  readonly machineId = randomUUID();
  /** When the engine took the last one, in milliseconds since 1970. */
  lastBeat: number | undefined;
  readonly #exchange: Exchange;
  readonly #settings: ServeSettings;
  readonly #stats: () => CompactStats;
  readonly #startedAt = Date.now();
  #timer: NodeJS.Timeout | undefined;

  constructor(exchange: Exchange, settings: ServeSettings, stats: () => CompactStats) {
    this.#exchange = exchange;
    this.#settings = settings;
    this.#stats = stats;
  }

  start(): void {
    this.#timer ??= setInterval(() => this.beat(), this.#settings.lockDuration / BEATS).unref();
    this.beat();
  }

  /** Does nothing before the start, or while the engine is away: the next one comes. */
  beat(): void {
    if (this.#timer === undefined || !this.#exchange.isReady) return;
    const beaten = this.#exchange.beat(
      this.machineId,
      JSON.stringify(this.#report()),
      this.#settings.lockDuration,
    );
    beaten.then(
      () => {
        this.lastBeat = Date.now();
      },
      () => {}, // the exchange says what is wrong
    );
  }

  async end(): Promise<void> {
    if (this.#timer === undefined) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
    await this.#exchange.endBeat(this.machineId);
  }

  #report(): MachineReport {
    const { tasks, store, allowFunctions } = this.#settings;
    return {
      ...this.#stats(),
      id: this.machineId,
      host: hostname(),
      pid: process.pid,
      startedAt: this.#startedAt,
      reportedAt: Date.now(),
      node: process.version,
      bullmq: bullmqVersion(),
      protocol: PROTOCOL,
      tasksVersion: tasks.version ?? null,
      tasks: tasks.names,
      hasStore: store !== undefined,
      keyName: allowFunctions === undefined ? null : keyName(allowFunctions.key),
    };
  }
}
