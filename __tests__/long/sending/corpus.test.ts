/** Every case of the corpus, through a real second process. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { buildWorker, type Pool, startPool } from '../../sending/harness/process.ts';
import { corpus } from './corpus/index.ts';

describe('the corpus', () => {
  let pool: Pool;
  let worker: ReturnType<typeof buildWorker>;

  beforeAll(() => {
    worker = buildWorker();
    pool = startPool(worker.file);
  });

  afterAll(async () => {
    await pool.stop();
    worker.remove();
  });

  test('is as large as promised', () => {
    const { refusals, ...others } = corpus;
    expect(refusals?.length).toBeGreaterThanOrEqual(40);
    expect(Object.values(others).flat().length).toBeGreaterThanOrEqual(150);
  });

  for (const [topic, cases] of Object.entries(corpus)) {
    describe(topic, () => {
      for (const { name, run } of cases) {
        test(name, async () => {
          await expect(run(pool.submit)).resolves.toBeUndefined();
        });
      }
    });
  }
});
