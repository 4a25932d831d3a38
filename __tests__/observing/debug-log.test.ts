/** `NODE_DEBUG=loky` tells on stderr what becomes of workers and tasks; without it nothing is printed. */
import { expect, test } from '@jest/globals';
import { execa } from 'execa';

const program = `
  import { ProcessPoolExecutor } from 'loky';
  const executor = new ProcessPoolExecutor({ maxWorkers: 1, onWorkerCrash: 'isolate', idleTimeout: 100 });
  await executor.withOptions({ name: 'adds' }).submit((a, b) => a + b, 1, 2);
  await executor.withOptions({ name: 'hangs', timeout: 50 }).submit(() => { for (;;); }).exception();
  await executor.withOptions({ name: 'leaves' }).submit(() => process.exit(3)).exception();
  await executor.withOptions({ name: 'throws' }).submit(() => { throw new Error('no'); }).exception();
  await executor.shutdown();`;

async function run(env: Record<string, string>): Promise<string[]> {
  const { stdout, stderr } = await execa(process.execPath, ['--input-type=module', '-e', program], {
    env: { ...env, NODE_OPTIONS: '' },
    stdin: 'ignore',
  });
  expect(stdout).toBe('');
  return stderr === '' ? [] : stderr.split('\n').map((line) => line.replace(/\(pid \d+\)/, '(pid …)'));
}

test('each worker, each task, and why', async () => {
  const lines = await run({ NODE_DEBUG: 'loky' });
  expect(
    lines.every((line) => /^LOKY \d+: executor 1: (?:worker 0 \(pid …\)|task \d "\w+") /.test(line)),
  ).toBe(true);
  const said = lines.map((line) => line.replace(/^.*executor 1: /, '').replace(/[\d.]+ ms/, '… ms'));
  for (const line of [
    'task 1 "adds" is queued',
    'worker 0 (pid …) starts (demand)',
    'worker 0 (pid …) is ready',
    'task 1 "adds" began on worker 0 (pid …) after … ms',
    'task 1 "adds" is settled: succeeded after … ms',
    'worker 0 (pid …) is being ended (timed-out)',
    'task 2 "hangs" is settled: timed-out after … ms',
    'worker 0 (pid …) has ended with SIGKILL(-9) (timed-out)',
    'worker 0 (pid …) has ended with EXIT(3) (exit)',
    'task 3 "leaves" is settled: lost after … ms',
    'task 4 "throws" is settled: failed after … ms',
    'worker 0 (pid …) has ended with EXIT(0) (shutdown)',
  ])
    expect(said).toContain(line);
});

test('nothing is printed otherwise', async () => {
  expect(await run({})).toEqual([]);
  expect(await run({ NODE_DEBUG: 'http' })).toEqual([]);
});
