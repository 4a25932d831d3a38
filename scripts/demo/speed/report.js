/** Act 2 in sentences and figures, and what is to be said of them. */
import { count, megabytes, percent, seconds, table, times } from '../text.js';

export function linesOfSpeed(act) {
  const [one, pool] = act.results;
  const rows = act.results.map(({ name, took, all, cpu }) => [
    name,
    seconds(took),
    `${seconds(Math.min(...all))} to ${seconds(Math.max(...all))}`,
    times(one.took / took),
    seconds(cpu),
  ]);
  return [
    `   ${count(act.files)} files (${megabytes(act.bytes)}) are hashed, compressed and measured, in ${act.chunks} chunks; rounds: ${pool.all.length}.`,
    ...table([['', 'median', 'all rounds', 'speed-up', 'CPU'], ...rows]),
    ...verdictOfSpeed(act).map((sentence) => `   ${sentence}`),
  ];
}

/** Others that keep so many processors busy change what is measured. */
const OTHERS_MATTER = 0.15;
/** Of what plain processes reach: the goal. */
const SHARE_OF_CEILING = 0.9;
/** Of a processor for each process: what a quiet machine gives. */
const SHARE_OF_PROCESSORS = 0.8;

/** Nothing is hidden: what is less than it should be is said, with what was seen of its cause. */
export function verdictOfSpeed({ workers, results: [one, pool, plain] }) {
  const ceiling = times(one.took / plain.took);
  const reach = workers === 1 ? 'process reaches' : 'processes without a pool reach';
  const share = percent(plain.took / pool.took);
  return [
    `The pool is ${times(one.took / pool.took)} as fast as one process: ${share} of what ${workers} plain ${reach} (${ceiling}).`,
    ...causesOf(workers, one, pool, plain),
  ];
}

/** How many processors other programs kept busy; 0 if it was too little to matter. */
export function othersOf(results) {
  const most = Math.max(...results.map(({ others }) => others));
  return most > OTHERS_MATTER ? most : 0;
}

function causesOf(workers, one, pool, plain) {
  const others = othersOf([one, pool, plain]);
  if (workers === 1)
    return [
      'There is one processor: a second process would not be faster. Acts 1 and 3 show what the pool is for here.',
    ];
  if (others > 0)
    return [
      `Other programs kept ${others.toFixed(1)} processors busy meanwhile, so this says little: run it again when they have ended.`,
    ];
  const causes = [];
  const longest = Math.max(...one.spans.flat().map(({ from, to }) => to - from));
  if (longest > (SHARE_OF_PROCESSORS * one.took) / workers)
    causes.push(
      `The largest file alone takes ${seconds(longest)}: more processes cannot be faster than that.`,
    );
  else if (one.took / plain.took < SHARE_OF_PROCESSORS * workers)
    causes.push(
      'Plain processes get no further on this machine: its processors share memory, caches or their clock.',
    );
  if (plain.took / pool.took < SHARE_OF_CEILING)
    causes.push(
      'What is missing to that is what the pool costs: sending the chunks, and waiting for the last one.',
    );
  return causes;
}
