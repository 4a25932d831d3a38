/**
 * A host that reads what no worker of ours would write: frames and structured clones that were changed by chance, each
 * within limits of time and memory. LOKY_LONG_TESTS=1 reads a million, else it is a share that takes less than a minute;
 * LOKY_FUZZ_SEED repeats a run. What fails is kept in `sending/fuzz/corpus`.
 */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { buildFuzzer, type Fuzzer, firstSeed } from '../../sending/fuzz/run.ts';

const RUNS = process.env['LOKY_LONG_TESTS'] === '1' ? 10 : 2;
const FRAMES = 100_000;

let fuzzer: Fuzzer;
beforeAll(() => {
  fuzzer = buildFuzzer();
});
afterAll(() => fuzzer.remove());

test.each(Array.from({ length: RUNS }, (_, run) => firstSeed + run))(
  `${FRAMES} changed answers cost the host neither time nor memory, and call nothing (seed %i)`,
  async (seed) => {
    const report = await fuzzer.run(seed, FRAMES);
    console.log(report);
    expect(report).toContain(`seed ${seed}: ${FRAMES} frames`);
  },
  1_000_000,
);
