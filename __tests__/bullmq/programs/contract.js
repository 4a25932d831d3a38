/** A processor's file that uses all that BullMQ's sandboxed processors have: does as the name of the job says. */
import { DelayedError, WaitingChildrenError, WaitingError } from 'bullmq';

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
