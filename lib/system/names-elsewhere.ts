/**
 * What options are called elsewhere: in Python's loky and concurrent.futures, in workerpool, piscina, tinypool,
 * jest-worker, worker-farm, poolifier and p-map. The error for such a name gives ours.
 */

/**
 * The option here that comes nearest (a name is answered where there is this option), the names elsewhere, and what to say where it is
 * not the same under another name.
 */
const namesElsewhere: readonly (readonly [ours: string, theirs: string, answer?: string])[] = [
  [
    'maxWorkers',
    'max_workers maxThreads numWorkers workers concurrency maxConcurrentWorkers maxProcesses numThreads threads poolSize processes n_jobs',
  ],
  ['minWorkers', 'minThreads startWorkers'],
  ['tasksPerWorker', 'concurrentTasksPerWorker maxConcurrentCallsPerWorker'],
  [
    'maxWorkers',
    'tasksQueueOptions',
    'tasksPerWorker says how many tasks a worker runs at once, and maxWorkers how many workers there are',
  ],
  [
    'maxWorkers',
    'filename workerPath exposedMethods script',
    'workers have no file of their own: pass the function itself, as in submit(fn, ...args)',
  ],
  [
    'maxWorkers',
    'workerType enableWorkerThreads runtime useWorkerThreads workerThreadOpts',
    'workers are always processes of their own',
  ],
  ['idleTimeout', 'maxIdleTime maxInactiveTime workerIdleTimeout idleTimeoutMillis'],
  ['idleTimeout', 'timeout', 'it is called idleTimeout here; the limit of a task is taskTimeout'],
  ['taskTimeout', 'maxCallTime maxTaskTime'],
  ['timeout', 'taskTimeout maxCallTime'],
  ['killGrace', 'workerTerminateTimeout terminateTimeout forceKillAfterDelay gracePeriod'],
  ['maxPending', 'maxQueue maxQueueSize maxConcurrentCalls'],
  ['maxTasksPerWorker', 'max_tasks_per_child maxtasksperchild maxCallsPerWorker'],
  ['maxTasksPerWorker', 'isolateWorkers', 'a fresh worker for each task is maxTasksPerWorker: 1'],
  [
    'memory',
    'resourceLimits',
    "the heap of a worker is execArgv: ['--max-old-space-size=…']; memory.limit is for all that its processes use",
  ],
  [
    'memory',
    'idleMemoryLimit workerIdleMemoryLimit maxMemoryLimitBeforeRecycle',
    'memory: { leakThreshold } replaces a worker that has grown',
  ],
  ['crashRetries', 'maxRetries retries'],
  ['retries', 'maxRetries attempts crashRetries'],
  ['onWorkerCrash', 'restartWorkerOnError', "a pool that goes on after a crash has onWorkerCrash: 'isolate'"],
  ['initArgs', 'initargs setupArgs'],
  ['initArgs', 'workerData', 'pass what all tasks need to the initializer, with initArgs'],
  [
    'execArgv',
    'forkOpts forkOptions workerOptions processOptions',
    'the options of the processes are env, execArgv, execPath and stdio',
  ],
  ['execPath', 'nodePath execpath'],
  [
    'stdio',
    'stdout stderr silent emitStdStreams',
    "where the output of workers goes is said by stdio: 'inherit', 'ignore' or 'events'",
  ],
  [
    'maxWorkers',
    'onCreateWorker onTerminateWorker errorHandler exitHandler onlineHandler messageHandler',
    "workers are observed by events of the executor, such as executor.on('workerExited', …)",
  ],
  [
    'maxWorkers',
    'taskQueue queueStrategy workerSchedulingPolicy workerChoiceStrategy',
    'withOptions({ priority }) says which task goes first',
  ],
  ['startTimeout', 'bootTimeout workerStartTimeout'],
  ['context', 'mp_context'],
  [
    'priority',
    'transfer transferList',
    'values are copied to the worker, and nothing is taken from this process',
  ],
  ['chunkSize', 'chunksize batchSize'],
  ['bufferSize', 'buffersize concurrency'],
  [
    'settle',
    'stopOnError return_exceptions',
    'map ends with the first error; settle: true gives the outcomes of all inputs',
  ],
  ['killWorkers', 'kill_workers force'],
  ['cancelFutures', 'cancel_futures'],
  ['returnWhen', 'return_when'],
];

/**
 * @param isHere Whether that is an option at this place.
 * @returns What the error for `name` says; `undefined` where nothing is known of it.
 */
export function nameHere(name: string, isHere: (ours: string) => boolean): string | undefined {
  const found = namesElsewhere.find(([ours, theirs]) => theirs.split(' ').includes(name) && isHere(ours));
  if (found !== undefined) return found[2] ?? `it is called ${found[0]} here`;
  const camelCase = name.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
  return camelCase !== name && isHere(camelCase) ? `it is called ${camelCase} here` : undefined;
}
