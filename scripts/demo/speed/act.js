/** Act 2: the same work by one process, by the pool and by plain processes, in rounds that take turns. */
import { readFile } from 'node:fs/promises';
import { chunksBySize, sizeOf } from '../files.js';
import { allProcessors, machineCpu, ownCpu } from '../machine.js';
import { median } from '../statistics.js';
import { startContestants } from './contestants.js';

/** For each worker: many, so that they end together; few, so that a chunk is worth its way. */
const CHUNKS = 24;
/** No round begins that would end later than so many milliseconds after the first began. */
const TIME_FOR_ROUNDS = 24_000;
/** One chunk in so many is done before anything is measured, so that everybody's code is warm. */
const WARM_UP = 12;

export async function actOfSpeed({ files, rounds, workers }) {
  const chunks = chunksBySize(files, CHUNKS * workers);
  await readAll(files);
  const contestants = await startContestants(workers);
  try {
    const sample = chunks.filter((_, index) => index % WARM_UP === 0);
    for (const each of contestants) await each.run(sample.length < workers ? chunks : sample);
    const results = await playRounds(contestants, chunks, rounds);
    const [{ found }] = results;
    return { workers, files: files.length, bytes: sizeOf(files), chunks: chunks.length, found, results };
  } finally {
    await Promise.all(contestants.map((each) => each.end()));
  }
}

/** The disk is nobody's business: what is compared begins with files that are in memory. */
async function readAll(files) {
  for (const { path } of files) await readFile(path);
}

async function playRounds(contestants, chunks, rounds) {
  const played = contestants.map(() => []);
  const startedAt = performance.now();
  for (let round = 0; round < rounds; round += 1) {
    const elapsed = performance.now() - startedAt;
    if (round > 0 && elapsed * (1 + 1 / round) > TIME_FOR_ROUNDS) break;
    for (let turn = 0; turn < contestants.length; turn += 1) {
      const index = (turn + round) % contestants.length;
      played[index].push(await playRound(contestants[index], chunks));
    }
  }
  return contestants.map(({ name, row }, index) => ({ name, row, ...summaryOf(played[index]) }));
}

async function playRound(contestant, chunks) {
  const [startedAt, host, all] = [performance.timeOrigin + performance.now(), ownCpu(), machineCpu()];
  const answers = await contestant.run(chunks);
  const took = performance.timeOrigin + performance.now() - startedAt;
  const cpu = ownCpu() - host + cpuOf(answers);
  const others = (machineCpu() - all - cpu) / took;
  return {
    took,
    cpu,
    /** How many processors other programs kept busy. */
    others: Math.min(allProcessors, Math.max(0, others)),
    found: sumOf(answers),
    spans: spansOf(answers, startedAt),
  };
}

/** Of all processes that have answered, from the begin of their first chunk to the end of their last. */
function cpuOf(answers) {
  return byProcess(answers).reduce((sum, own) => {
    const [from, to] = [
      Math.min(...own.map((each) => each.cpuFrom)),
      Math.max(...own.map((each) => each.cpuTo)),
    ];
    return sum + to - from;
  }, 0);
}

function spansOf(answers, startedAt) {
  return byProcess(answers).map((own) =>
    own.map(({ from, to, files, bytes }) => ({ from: from - startedAt, to: to - startedAt, files, bytes })),
  );
}

function byProcess(answers) {
  const processes = new Map();
  for (const answer of answers) processes.set(answer.pid, [...(processes.get(answer.pid) ?? []), answer]);
  return [...processes.values()];
}

function sumOf(answers) {
  const sum = (key) => answers.reduce((total, each) => total + each[key], 0);
  return {
    lines: sum('lines'),
    compressed: sum('compressed') / sum('bytes'),
    deepest: Math.max(...answers.map(({ deepest }) => deepest)),
  };
}

function summaryOf(rounds) {
  const took = median(rounds.map((round) => round.took));
  const { found, spans } = rounds.find((round) => round.took === took);
  return {
    took,
    all: rounds.map((round) => round.took),
    cpu: median(rounds.map(({ cpu }) => cpu)),
    others: median(rounds.map(({ others }) => others)),
    found,
    spans,
  };
}
