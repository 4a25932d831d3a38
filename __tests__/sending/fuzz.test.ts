/** A host that reads what no worker of ours would write. The long tests read more of it. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { buildFuzzer, type Fuzzer, firstSeed } from './fuzz/run.ts';

const FRAMES = 4000;

let fuzzer: Fuzzer;
beforeAll(() => {
  fuzzer = buildFuzzer();
});
afterAll(() => fuzzer.remove());

test(`changed answers cost the host neither time nor memory, and call nothing (seed ${firstSeed})`, async () => {
  expect(await fuzzer.run(firstSeed, FRAMES)).toContain(`seed ${firstSeed}: ${FRAMES} frames`);
}, 120_000);
