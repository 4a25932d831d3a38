/** What is loaded into a worker before it (`--require`, `--import`, `NODE_OPTIONS`) may look for an IPC channel of Node's. */
import { describe, expect, test } from '@jest/globals';
import { poolsOfEachTest, square } from '../executor/pools.ts';

const newPool = poolsOfEachTest();

const preloading = (code: string): string[] => [
  '--import',
  `data:text/javascript,${encodeURIComponent(code)}`,
];

describe('a worker starts, works and leaves if a module that is loaded before it', () => {
  test.each([
    ["listens for 'message'", `process.on('message', () => {});`],
    ["waits for 'disconnect', and exits", `process.on('disconnect', () => process.exit(7));`],
    ['keeps no channel open that it does not use', 'process.channel?.unref();'],
    ['closes the channel if there is one', 'if (process.connected) process.disconnect();'],
    [
      'sends to its parent if it has one',
      `process.send?.({ type: 'ready' }); process.send?.(new Map([[1, 2]]));`,
    ],
    [
      'writes into every descriptor that it does not know',
      `import { writeSync } from 'node:fs'; for (let fd = 5; fd < 10; fd += 1) try { writeSync(fd, 'rubbish\\n'.repeat(9)); } catch {}`,
    ],
  ])('%s', async (_, code) => {
    const executor = newPool({ execArgv: preloading(code), startTimeout: 20_000 });
    const pid = await executor.submit(() => process.pid);
    expect(await executor.submit(square, 3)).toBe(9);
    expect(await executor.submit(() => process.pid)).toBe(pid);
    await executor.shutdown();
    expect(executor.stats().exits).toEqual({ shutdown: 1 });
  });
});
