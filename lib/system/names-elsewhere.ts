/**
 * What options are called elsewhere: in Python's loky and concurrent.futures, in workerpool, piscina, tinypool,
 * jest-worker, worker-farm, poolifier and p-map. The error for such a name gives ours.
 */

interface NameElsewhere {
  /** The option here that comes nearest; a name is answered where there is this option. */
  readonly ours: string;
  readonly theirs: readonly string[];
  /** What to say where it is not the same under another name. */
  readonly answer?: string;
}

/** Made for the first unknown name: most programs have none. */
const namesElsewhere = (): readonly NameElsewhere[] => [
  {
    ours: 'maxWorkers',
    theirs: [
      'max_workers',
      'maxThreads',
      'numWorkers',
      'workers',
      'concurrency',
      'maxConcurrentWorkers',
      'maxProcesses',
      'numThreads',
      'threads',
      'poolSize',
      'processes',
      'n_jobs',
    ],
  },
  { ours: 'minWorkers', theirs: ['minThreads', 'startWorkers'] },
  { ours: 'tasksPerWorker', theirs: ['concurrentTasksPerWorker', 'maxConcurrentCallsPerWorker'] },
  {
    ours: 'maxWorkers',
    theirs: ['tasksQueueOptions'],
    answer:
      'tasksPerWorker says how many tasks a worker runs at once, and maxWorkers how many workers there are',
  },
  {
    ours: 'maxWorkers',
    theirs: ['filename', 'workerPath', 'exposedMethods', 'script'],
    answer: 'workers have no file of their own: pass the function itself, as in submit(fn, ...args)',
  },
  {
    ours: 'maxWorkers',
    theirs: ['workerType', 'enableWorkerThreads', 'runtime', 'useWorkerThreads', 'workerThreadOpts'],
    answer: 'workers are always processes of their own',
  },
  {
    ours: 'idleTimeout',
    theirs: ['maxIdleTime', 'maxInactiveTime', 'workerIdleTimeout', 'idleTimeoutMillis'],
  },
  {
    ours: 'idleTimeout',
    theirs: ['timeout'],
    answer: 'it is called idleTimeout here; the limit of a task is taskTimeout',
  },
  { ours: 'taskTimeout', theirs: ['maxCallTime', 'maxTaskTime'] },
  { ours: 'timeout', theirs: ['taskTimeout', 'maxCallTime'] },
  {
    ours: 'killGrace',
    theirs: ['workerTerminateTimeout', 'terminateTimeout', 'forceKillAfterDelay', 'gracePeriod'],
  },
  { ours: 'maxPending', theirs: ['maxQueue', 'maxQueueSize', 'maxConcurrentCalls'] },
  {
    ours: 'maxTasksPerWorker',
    theirs: ['max_tasks_per_child', 'maxtasksperchild', 'maxCallsPerWorker'],
  },
  {
    ours: 'maxTasksPerWorker',
    theirs: ['isolateWorkers'],
    answer: 'a fresh worker for each task is maxTasksPerWorker: 1',
  },
  {
    ours: 'memory',
    theirs: ['resourceLimits'],
    answer:
      "the heap of a worker is execArgv: ['--max-old-space-size=…']; memory.limit is for all that its processes use",
  },
  {
    ours: 'memory',
    theirs: ['idleMemoryLimit', 'workerIdleMemoryLimit', 'maxMemoryLimitBeforeRecycle'],
    answer: 'memory: { leakThreshold } replaces a worker that has grown',
  },
  { ours: 'crashRetries', theirs: ['maxRetries', 'retries'] },
  { ours: 'retries', theirs: ['maxRetries', 'attempts', 'crashRetries'] },
  {
    ours: 'onWorkerCrash',
    theirs: ['restartWorkerOnError'],
    answer: "a pool that goes on after a crash has onWorkerCrash: 'isolate'",
  },
  { ours: 'initArgs', theirs: ['initargs', 'setupArgs'] },
  {
    ours: 'initArgs',
    theirs: ['workerData'],
    answer: 'pass what all tasks need to the initializer, with initArgs',
  },
  {
    ours: 'execArgv',
    theirs: ['forkOpts', 'forkOptions', 'workerOptions', 'processOptions'],
    answer: 'the options of the processes are env, execArgv, execPath and stdio',
  },
  { ours: 'execPath', theirs: ['nodePath', 'execpath'] },
  {
    ours: 'stdio',
    theirs: ['stdout', 'stderr', 'silent', 'emitStdStreams'],
    answer: "where the output of workers goes is said by stdio: 'inherit', 'ignore' or 'events'",
  },
  {
    ours: 'maxWorkers',
    theirs: [
      'onCreateWorker',
      'onTerminateWorker',
      'errorHandler',
      'exitHandler',
      'onlineHandler',
      'messageHandler',
    ],
    answer: "workers are observed by events of the executor, such as executor.on('workerExited', …)",
  },
  {
    ours: 'maxWorkers',
    theirs: ['taskQueue', 'queueStrategy', 'workerSchedulingPolicy', 'workerChoiceStrategy'],
    answer: 'withOptions({ priority }) says which task goes first',
  },
  {
    ours: 'startTimeout',
    theirs: ['bootTimeout', 'workerStartTimeout'],
  },
  { ours: 'context', theirs: ['mp_context'] },
  {
    ours: 'priority',
    theirs: ['transfer', 'transferList'],
    answer: 'values are copied to the worker, and nothing is taken from this process',
  },
  { ours: 'chunkSize', theirs: ['chunksize', 'batchSize'] },
  { ours: 'bufferSize', theirs: ['buffersize', 'concurrency'] },
  {
    ours: 'settle',
    theirs: ['stopOnError', 'return_exceptions'],
    answer: 'map ends with the first error; settle: true gives the outcomes of all inputs',
  },
  { ours: 'killWorkers', theirs: ['kill_workers', 'force'] },
  { ours: 'cancelFutures', theirs: ['cancel_futures'] },
  { ours: 'returnWhen', theirs: ['return_when'] },
];

/**
 * @param isHere Whether that is an option at this place.
 * @returns What the error for `name` says; `undefined` where nothing is known of it.
 */
export function nameHere(name: string, isHere: (ours: string) => boolean): string | undefined {
  const found = namesElsewhere().find(({ ours, theirs }) => theirs.includes(name) && isHere(ours));
  if (found !== undefined) return found.answer ?? `it is called ${found.ours} here`;
  const camelCase = name.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
  return camelCase !== name && isHere(camelCase) ? `it is called ${camelCase} here` : undefined;
}
