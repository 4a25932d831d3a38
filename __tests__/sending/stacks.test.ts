/** What the user sees of a task's stack. */
import { describe, expect, test } from '@jest/globals';
import { withoutProgramFrames } from '../../lib/sending/worker/stacks.ts';
import { buildWorker, startPool } from './harness/process.ts';

const FRAMES = [
  'TypeError: boom',
  '    at task (file:///app/main.js:3:9)',
  '    at Array.map (<anonymous>)',
  '    at runOnce (file:///loky/dist/worker.js:40:2)',
  '    at async serve (/loky/dist/worker.js:80:3)',
  '    at process.processTicksAndRejections (node:internal/process/task_queues:105:5)',
];

describe("a task's stack", () => {
  test("has none of the worker's frames, nor those of Node below them", () => {
    expect(withoutProgramFrames(FRAMES.join('\n'), '/loky/dist/worker.js')).toBe(
      FRAMES.slice(0, 3).join('\n'),
    );
  });

  test('keeps frames of Node that the task itself called', () => {
    const lines = ['Error: x', '    at readSync (node:internal/fs:1:1)', '    at task (/app/main.js:1:1)'];
    expect(withoutProgramFrames([...lines, FRAMES[4]].join('\n'), '/loky/dist/worker.js')).toBe(
      lines.join('\n'),
    );
  });

  test('stays whole where nothing else would be left, and where the program has no name', () => {
    const own = [FRAMES[0], FRAMES[3]].join('\n');
    expect(withoutProgramFrames(own, '/loky/dist/worker.js')).toBe(own);
    expect(withoutProgramFrames(own, undefined)).toBe(own);
  });

  test('shows the task alone when it comes from a real worker, with its cause', async () => {
    const worker = buildWorker();
    const pool = startPool(worker.file);
    try {
      const fail = async (): Promise<never> => {
        await null;
        throw new Error('outer', { cause: new Error('inner') });
      };
      const error = await pool.submit(fail).then(
        () => undefined,
        (thrown: unknown) => thrown as Error,
      );
      for (const { stack } of [error, error?.cause] as Error[]) {
        expect(stack).toContain('at fail (');
        expect(stack).not.toContain('worker.mjs');
        expect(stack).not.toContain('node:internal');
      }
    } finally {
      await pool.stop();
      worker.remove();
    }
  });
});
