/**
 * `npm run stress -- --seed N --minutes M`: rounds of chaos (round.js) until the time is over or a promise is broken.
 * Round n has the seed N + n, so that `--seed <the one that failed> --rounds 1` replays it.
 */
import { parseArgs } from 'node:util';
import { runRound } from './round.js';

const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: String(Math.floor(Math.random() * 2 ** 31)) },
    minutes: { type: 'string', default: '1' },
    rounds: { type: 'string', default: 'Infinity' },
  },
});
const firstSeed = number('seed');
const end = performance.now() + number('minutes') * 60_000;
const rounds = number('rounds');

function number(name) {
  const parsed = Number(values[name]);
  if (Number.isNaN(parsed)) throw new TypeError(`--${name} must be a number, got ${values[name]}`);
  return parsed;
}

const unexpected = [];
for (const event of ['uncaughtException', 'unhandledRejection']) {
  process.on(event, (error) => unexpected.push(`${event} in the host: ${error?.stack ?? String(error)}`));
}
process.on('warning', ({ code, stack }) => {
  if (code?.startsWith('LOKY_')) unexpected.push(`a warning: ${stack}`);
});

console.log(`seed ${firstSeed}`);
await runRound(firstSeed ^ 0x5eed); // what is loaded once, and stays, is not what a later round leaves behind
let tasks = 0;
let round = 0;
for (; round < rounds && performance.now() < end; round += 1) {
  const seed = firstSeed + round;
  const result = await runRound(seed);
  tasks += result.tasks;
  const faults = [...result.faults, ...unexpected];
  if (faults.length > 0) {
    console.log(`round ${round}: seed ${seed} broke ${faults.length} promises`);
    for (const fault of faults.slice(0, 10)) console.log(`  ${fault.replaceAll('\n', '\n    ')}`);
    console.log(`replay: npm run stress -- --seed ${seed} --rounds 1`);
    process.exit(1);
  }
}
console.log(`${round} rounds, ${tasks} tasks: every promise was kept`);
