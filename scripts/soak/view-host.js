/** The program whose view is open while view.js soaks it: full load with crashes. It says what it holds when it is asked. */
import { serveView } from 'loky/view';
import { startLoad } from './load.js';

const { counts, stop } = startLoad(Number(process.argv[2]));
const view = await serveView();
process.send({ url: view.url });
process.on('message', async (order) => {
  if (order === 'sample') {
    globalThis.gc();
    const { rss, heapUsed, external } = process.memoryUsage();
    process.send({
      hostRss: rss,
      hostHeap: heapUsed + external,
      tasks: counts.submitted,
      crashes: counts.crashes,
    });
  }
  if (order !== 'stop') return;
  await stop();
  await view.close();
  process.disconnect();
});
