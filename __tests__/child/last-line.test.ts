/** With `stdio: 'events'`: what is left at the end of a task or of a worker is a line of its own, whole or not. */
import { expect, test } from '@jest/globals';
import type { OutputEvent } from 'loky';
import { poolsOfEachTest } from '../executor/pools.ts';

const newPool = poolsOfEachTest();

test('the last line of a worker is told without a line break, though a descendant still holds the pipe', async () => {
  const executor = newPool({ stdio: 'events' });
  const events: OutputEvent[] = [];
  executor.on('output', (event) => events.push(event));
  const pid = await executor.submit(() => {
    const { spawn } = process.getBuiltinModule('node:child_process');
    const env = { PATH: process.env.PATH };
    const child = spawn('setsid', ['-f', 'sleep', '5'], { stdio: 'inherit', env });
    return new Promise<number>((resolve) =>
      child.once('exit', () => {
        process.stdout.write('100 %');
        resolve(process.pid);
      }),
    );
  });
  await executor.shutdown();
  expect(events).toMatchObject([{ pid, stream: 'stdout', line: '100 %' }]);
});

test('half a character at the end of a task does not begin the next line', async () => {
  const executor = newPool({ stdio: 'events' });
  const lines: string[] = [];
  executor.on('output', ({ line }) => lines.push(line));
  await executor.submit(() => {
    process.stdout.write(Buffer.from([0x41, 0xe2, 0x82]));
  });
  await executor.submit(() => console.log('next'));
  await executor.shutdown();
  expect(lines).toEqual(['A\ufffd', 'next']);
});
