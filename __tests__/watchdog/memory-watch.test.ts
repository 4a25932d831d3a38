/** The figures of a worker that is ended for its memory are those for which it was ended. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { afterEach, expect, test } from '@jest/globals';
import { MemoryWatch } from '../../lib/manager/memory.ts';
import { PoolWorker } from '../../lib/manager/worker.ts';
import { waitUntil } from '../helpers/processes.ts';
import { IDLE } from './trees.ts';

const processes: ChildProcess[] = [];
afterEach(async () => {
  for (const each of processes.splice(0)) {
    each.kill('SIGKILL');
    await once(each, 'exit');
  }
});

/** A worker that is told to end and takes its time. */
class SlowToEnd extends PoolWorker {
  kills = 0;

  constructor() {
    super(0, false);
    const subprocess = spawn(process.execPath, ['-e', IDLE], { stdio: 'ignore' });
    processes.push(subprocess);
    const kill = () => {
      this.kills += 1;
    };
    this.state = 'busy';
    this.process = { ...this.process, pid: subprocess.pid, kill };
  }
}

test('a worker that takes long to end is ended once, and not looked at any more', async () => {
  const worker = new SlowToEnd();
  const watch = new MemoryWatch(1, () => {});
  watch.watch(worker);
  await waitUntil(() => worker.kills === 1, 10_000);
  const { memory } = worker;
  expect(memory).toBeGreaterThan(1);
  expect(worker.memoryLimit).toBe(1);

  const other = new SlowToEnd();
  watch.watch(other);
  await waitUntil(() => other.kills === 1, 10_000); // another round has passed
  expect([worker.kills, worker.memory]).toEqual([1, memory]);
});
