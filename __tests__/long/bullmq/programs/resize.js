/** A processor's file: does as the job's data say. */

import { spawn } from 'node:child_process';
import { appendFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

export default async function resize(job) {
  const { data } = job;
  if (data.crashes) process.kill(process.pid, 'SIGKILL');
  if (data.fails) throw Object.assign(new RangeError('no such size'), { size: data.fails });
  if (data.hangs) {
    const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1e6)'], { stdio: 'ignore' });
    appendFileSync(data.hangs, `${process.pid}\n${child.pid}\n`);
    await sleep(2 ** 30);
  }
  if (data.blocks) for (const end = Date.now() + data.blocks; Date.now() < end; );
  for (const [index, row] of (data.says ?? []).entries()) {
    await job.updateProgress({ step: index + 1 });
    await job.log(row);
  }
  return { width: data.width * 2, id: job.id, attempt: job.attemptsStarted, pid: process.pid };
}
