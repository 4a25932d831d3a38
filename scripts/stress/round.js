/**
 * One round of chaos: a random schedule on a few pools, one after the other, and then the question whether every
 * promise was kept. The same seed gives the same schedule; what it meets depends on the moment.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { act } from './actions.js';
import { judge } from './judge.js';
import { endPoolSomehow, openPool } from './pools.js';
import { createDice } from './random.js';
import { remainsSince, takeStock } from './remains.js';

/** @returns {Promise<{ tasks: number, faults: string[], remains: string[] }>} */
export async function runRound(seed) {
  const before = takeStock();
  const folder = mkdtempSync(join(tmpdir(), 'loky-chaos-'));
  const { tasks, faults } = await play(seed, join(folder, 'runs'));
  rmSync(folder, { recursive: true, force: true });
  return { tasks, faults, remains: await remainsSince(before) };
}

/** Nothing of the round is held when this is over. */
async function play(seed, file) {
  writeFileSync(file, '');
  const round = {
    seed,
    file,
    tasks: [],
    maps: [],
    followers: [],
    prewarmings: [],
    pools: [],
    timers: new Set(),
    faults: [],
  };
  const dice = createDice(seed);
  const steps = 40 + dice.below(80);
  openPool(round, dice);
  for (let step = 1; step <= steps; step += 1) await takeStep(round, step);
  endPoolSomehow(round, createDice(seed, steps + 1));
  await judge(round);
  return { tasks: round.tasks.length, faults: round.faults };
}

async function takeStep(round, step) {
  const dice = createDice(round.seed, step);
  const pause = dice.chance(0.3) ? dice.below(20) : undefined;
  act(round, step, dice);
  if (pause !== undefined) await sleep(pause);
}
