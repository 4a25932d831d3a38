/** The tasks that all machines of the tests share. */
import { appendFileSync, writeFileSync } from 'node:fs';
import { reportProgress } from 'loky';
import { defineTasks, jobInfo } from 'loky/bullmq';
import { Money, reducers } from './money.js';

export const add = (a, b) => a + b;
export const square = (n) => n * n;
export const echo = (value) => value;
export const noop = () => undefined;
export const whoAmI = () => ({ ...jobInfo(), pid: process.pid });
export const price = (amount) => new Money(amount, 'EUR');
export const grow = (length) => 'x'.repeat(length);

export function fail(message) {
  throw Object.assign(new RangeError(message, { cause: new Error('the cause') }), { detail: { code: 7 } });
}

export function failOn(item) {
  if (item === 'bad') throw new TypeError('a bad item');
  return item;
}

/** Throws something that has no text. */
export function throwBare() {
  throw Object.create(null);
}

export async function failLater(message) {
  await null;
  throw new RangeError(message);
}

export async function sleep(ms) {
  await new Promise((resolve) => setTimeout(resolve, ms));
  return ms;
}

/** Tells that it has begun, and never ends. */
export function hang(file) {
  appendFileSync(file, `${process.pid}\n`);
  return new Promise((resolve) => setTimeout(resolve, 2 ** 30));
}

export function crash() {
  process.kill(process.pid, 'SIGKILL');
}

export function crashUntilAttempt(attempt) {
  if (jobInfo().attempt < attempt) process.kill(process.pid, 'SIGKILL');
  return jobInfo().attempt;
}

/** Writes down that it was done; one of a hundred kills its process the first time. */
export function work(file, index) {
  if (index % 100 === 7 && jobInfo().attempt === 1) process.kill(process.pid, 'SIGKILL');
  appendFileSync(file, `${index}\n`);
  return index;
}

/** Writes down, for its machine, when it begins and ends; `fate` is `crash` (the first time alone), `hang` or `work`. */
export async function trace(folder, index, fate) {
  const { attempt } = jobInfo();
  const note = (what) =>
    appendFileSync(`${folder}/${process.env.MACHINE}`, `${what} ${index} ${attempt} ${Date.now()}\n`);
  note('begin');
  if (fate === 'crash' && isFirst(`${folder}-crashed-${index}`)) process.kill(process.pid, 'SIGKILL');
  if (fate === 'hang' && index % 1_000 === 57) for (;;);
  if (fate === 'hang') await sleep(2 ** 30);
  await sleep(index % 10);
  note('end');
  return index;
}

function isFirst(file) {
  try {
    writeFileSync(file, '', { flag: 'wx' });
    return true;
  } catch {
    return false;
  }
}

/** Writes to both outputs, and ends. */
export function print(count) {
  for (let line = 1; line <= count; line += 1) console.log(`line ${line}`);
  console.error('an error');
  return count;
}

/** Tells of each step, and of one value that cannot be sent. */
export async function steps(count, value) {
  for (let step = 1; step <= count; step += 1) {
    reportProgress({ step, of: count, value });
    await sleep(5);
  }
  reportProgress('x'.repeat(100_000));
  reportProgress('done');
  return count;
}

const copies = new Set();

/** Looks into a shared map, and says how many copies of it this process has had; `fate` is what becomes of its first attempt. */
export async function lookUp(shared, key, fate) {
  copies.add(shared.value);
  if (jobInfo().attempt === 1 && fate?.crash) process.kill(process.pid, 'SIGKILL');
  if (fate?.file && isFirst(fate.file)) await sleep(2 ** 30);
  if (fate?.ms) await sleep(fate.ms);
  return { found: shared.value.get(key), copies: copies.size, pid: process.pid };
}

/** Keeps a core busy for so many rounds. */
export function burn(rounds) {
  let sum = 0;
  for (let i = 0; i < rounds; i += 1) sum = (sum + i * i) % 1_000_003;
  return sum;
}

export const tasks = defineTasks(
  import.meta.url,
  {
    ...{ add, square, echo, noop, whoAmI, price, grow, fail, failOn, throwBare, failLater },
    ...{ sleep, hang, crash, crashUntilAttempt, work, burn, steps, trace, print, lookUp },
  },
  { reducers, ...(process.env.TASKS_VERSION ? { version: process.env.TASKS_VERSION } : {}) },
);
