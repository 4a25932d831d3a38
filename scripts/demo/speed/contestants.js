/** Three ways to do the same work: one process, the pool, and as many plain processes as the pool has workers. */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { ProcessPoolExecutor } from 'loky';
import { fixedShares } from '../files.js';
import { measureChunk } from './measure.js';

const pathsOf = (chunk) => chunk.map(({ path }) => path);

/** Each has `run(chunks)`, which resolves with an answer for each chunk, and `end()`. */
export async function startContestants(workers) {
  const many = workers !== 1;
  return [
    { name: 'one process', row: 'process', ...plainProcesses(1) },
    { name: `pool of ${workers} ${many ? 'workers' : 'worker'}`, row: 'worker', ...(await pool(workers)) },
    { name: `${workers} plain ${many ? 'processes' : 'process'}`, row: 'plain', ...plainProcesses(workers) },
  ];
}

async function pool(workers) {
  const executor = new ProcessPoolExecutor({ maxWorkers: workers });
  await executor.prewarm();
  return {
    run: (chunks) =>
      executor.map(measureChunk, chunks.map(pathsOf), { ordered: false, chunkSize: 'auto' }).toArray(),
    end: () => executor.shutdown(),
  };
}

function plainProcesses(number) {
  const script = fileURLToPath(new URL('./plain.js', import.meta.url));
  const children = Array.from({ length: number }, () => fork(script));
  return {
    async run(chunks) {
      const shares = fixedShares(chunks, number);
      const answers = children.map(async (child, index) => {
        child.send(shares[index].map(pathsOf));
        const [answer] = await once(child, 'message');
        return answer;
      });
      return (await Promise.all(answers)).flat();
    },
    async end() {
      for (const child of children) child.disconnect();
      await Promise.all(children.map((child) => child.exitCode ?? once(child, 'exit')));
    },
  };
}
