/** A machine that works. Says `ready` when it takes jobs. */
import { createPostgresBackend } from 'bullmq';
import { ProcessPoolExecutor } from 'loky';
import { serveTasks } from 'loky/bullmq';
import { folderStore } from '../../../../examples/bullmq/folder-store.js';
import { tasks } from './tasks.js';

const options = JSON.parse(process.argv[2]);
const {
  maxWorkers = 1,
  breaks = false,
  onPostgres = false,
  stdio = 'ignore',
  storeFolder,
  ...serve
} = options;
process.on('warning', ({ message }) => console.log(`warning: ${message}`));
for (const signal of ['SIGTERM', 'SIGINT']) process.once(signal, () => console.log(signal));
const executor = new ProcessPoolExecutor({
  maxWorkers,
  onWorkerCrash: 'isolate',
  stdio,
  ...(breaks ? { initializer: () => Promise.reject(new Error('no such database')) } : {}),
});
const server = serveTasks({
  ...serve,
  ...(storeFolder ? { store: folderStore(storeFolder) } : {}),
  ...(onPostgres ? { backend: createPostgresBackend } : {}),
  tasks,
  executor,
});
server.ready.then(
  () => console.log('ready'),
  (error) => console.log(`not ready: ${error.message}`),
);
server.closed.then(
  () => console.log('left'),
  (error) => console.log(`left: ${error.name}: ${error.message}`),
);
