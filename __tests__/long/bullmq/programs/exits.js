/** A submitter that ends by itself: `node exits.js <options> <how>`, with how `flushed` or `at-once`. */
import { BullMQExecutor } from 'loky/bullmq';
import { square, tasks } from './tasks.js';

const [options, how] = process.argv.slice(2);
const executor = new BullMQExecutor({ ...JSON.parse(options), tasks });
for (let index = 0; index < 50; index += 1) executor.submit(square, index);
if (how === 'flushed') await executor.flush();
process.exit(0);
