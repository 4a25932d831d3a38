/**
 * `npm run stress -- --seed N --minutes M`: rounds of chaos (round.js) until the time is over or a promise is broken.
 * Round n has the seed N + n, so that `--seed <the one that failed> --rounds 1` replays it. `--load N` keeps N
 * processes busy beside it; `--node PATH` runs all of it under another Node.js.
 */
import { spawn, spawnSync } from 'node:child_process';
import { parseArgs } from 'node:util';
import { runRound } from './round.js';

const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: String(Math.floor(Math.random() * 2 ** 31)) },
    minutes: { type: 'string', default: '1' },
    rounds: { type: 'string', default: 'Infinity' },
    load: { type: 'string', default: '0' },
    node: { type: 'string' },
  },
});

function number(name) {
  const parsed = Number(values[name]);
  if (Number.isNaN(parsed)) throw new TypeError(`--${name} must be a number, got ${values[name]}`);
  return parsed;
}

const firstSeed = number('seed');
const unexpected = [];
/** What takes longer is worth a look: something may only have been saved by a clock. In seconds. */
const LONG = 30;

/** A stranger that is always busy, and ends with this process. */
const BUSY = `for (let n = 0; ; n += 1) if (n % 1e6 === 0 && process.ppid !== ${process.pid}) process.exit();`;

async function main() {
  for (const event of ['uncaughtException', 'unhandledRejection']) {
    process.on(event, (error) => unexpected.push(`${event} in the host: ${error?.stack ?? String(error)}`));
  }
  process.on('warning', ({ code, stack }) => {
    const isExpected = code === 'LOKY_MEMORY_LEAK';
    if (code?.startsWith('LOKY_') && !isExpected) unexpected.push(`a warning: ${stack}`);
  });
  const strangers = Array.from({ length: number('load') }, () => spawn(process.execPath, ['-e', BUSY]));
  console.log(`seed ${firstSeed}, Node ${process.versions.node}`);
  try {
    await runRounds();
  } finally {
    for (const stranger of strangers) stranger.kill('SIGKILL');
  }
}

async function runRounds() {
  const end = performance.now() + number('minutes') * 60_000;
  const rounds = number('rounds');
  // What is loaded once, and stays, is not what a later round leaves behind.
  const first = await runRound(firstSeed ^ 0x5eed);
  if (isBroken(firstSeed ^ 0x5eed, first.faults)) return;
  let tasks = first.tasks;
  let round = 0;
  for (; round < rounds && performance.now() < end; round += 1) {
    const start = performance.now();
    const result = await runRound(firstSeed + round);
    tasks += result.tasks;
    const seconds = (performance.now() - start) / 1000;
    if (seconds > LONG) console.log(`seed ${firstSeed + round} took ${seconds.toFixed(1)} s`);
    if (isBroken(firstSeed + round, [...result.faults, ...result.remains])) return;
  }
  console.log(`${round} rounds, ${tasks} tasks: every promise was kept`);
}

function isBroken(seed, found) {
  const faults = [...found, ...unexpected];
  if (faults.length === 0) return false;
  console.log(`seed ${seed} broke ${faults.length} promises`);
  for (const fault of faults.slice(0, 10)) console.log(`  ${fault.replaceAll('\n', '\n    ')}`);
  console.log(`replay: npm run stress -- --seed ${seed} --rounds 1`);
  process.exitCode = 1;
  return true;
}

if (values.node === undefined) {
  await main();
  process.exit(); // what a broken promise left behind must not keep this process
} else {
  const args = process.argv.slice(2);
  const at = args.findIndex((argument) => argument === '--node' || argument.startsWith('--node='));
  args.splice(at, args[at] === '--node' ? 2 : 1);
  const { status } = spawnSync(values.node, [import.meta.filename, ...args], { stdio: 'inherit' });
  process.exitCode = status ?? 1;
}
