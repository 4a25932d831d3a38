/** A processor's file that uses all that BullMQ's sandboxed processors have: does as the name of the job says. */
import { DelayedError, Queue, RateLimitError, WaitingChildrenError, WaitingError } from 'bullmq';

/** A queue of its own, for what a sandboxed processor cannot do with its job. */
async function withQueue(job, run) {
  const queue = new Queue(job.queueName, { connection: job.data.connection });
  try {
    return await run(queue);
  } finally {
    await queue.close();
  }
}

const does = {
  child: (job) => job.data.n,
  ignored() {
    throw new Error('a child that may fail');
  },
  async sum(job) {
    const values = Object.values(await job.getChildrenValues());
    const failures = Object.values(await job.getIgnoredChildrenFailures());
    const { processed, failed } = await job.getDependenciesCount({ processed: true, failed: true });
    const dependencies = await job.getDependencies({ processed: {} });
    return {
      sum: values.reduce((one, two) => one + two, 0),
      ...{ failures, processed, failed: failed ?? 0, known: Object.keys(dependencies.processed).length },
    };
  },
  async delayed(job, token) {
    if (job.data.step === 2) return { step: 2, attempt: job.attemptsStarted };
    await job.updateData({ step: 2 });
    await job.moveToDelayed(Date.now() + 20, token);
    throw new DelayedError();
  },
  async waiting(job, token) {
    if (job.data.step === 2) return { step: 2, attempt: job.attemptsStarted };
    await job.updateData({ step: 2 });
    await job.moveToWait(token);
    throw new WaitingError();
  },
  /** As BullMQ's guide has it: children that are added while the job runs. */
  async parent(job, token) {
    if (job.data.step === 2)
      return Object.values(await job.getChildrenValues()).reduce((one, two) => one + two, 0);
    const opts = { parent: { id: job.id, queue: job.queueQualifiedName } };
    await withQueue(job, (queue) =>
      queue.addBulk([1, 2, 3].map((n) => ({ name: 'child', data: { n }, opts }))),
    );
    await job.updateData({ ...job.data, step: 2 });
    if (await job.moveToWaitingChildren(token)) throw new WaitingChildrenError();
    return 'no children';
  },
  /** As BullMQ's guide has it: a limit that is seen while the job runs. It counts as no attempt. */
  async limited(job) {
    if (job.data.step === 2) return { step: 2, made: job.attemptsMade };
    await job.updateData({ ...job.data, step: 2 });
    await withQueue(job, (queue) => queue.rateLimit(300));
    throw new RateLimitError();
  },
  /** The numbers first. */
  keys: async (job) =>
    Object.values(await job.getChildrenValues()).sort((one) => (Number.isInteger(one) ? -1 : 1)),
  async childless(job, token) {
    if (await job.moveToWaitingChildren(token)) throw new WaitingChildrenError();
    return 'no children';
  },
  async logs(job) {
    for (let row = 0; row < 300; row += 1) void job.log(`row ${row}`); // nobody waits
    await job.updateProgress(50);
    return {
      data: job.data,
      progress: job.progress,
      key: job.queueQualifiedName,
      parent: job.parent ?? null,
    };
  },
  bare() {
    throw 'no error';
  },
  async wrong(job) {
    await job.moveToDelayed(Date.now() + 20, 'of another worker');
  },
  signal: (_job, _token, signal) => ({ isAborted: signal.aborted }),
};

export default (job, token, signal) => does[job.name](job, token, signal);
