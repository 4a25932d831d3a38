/**
 * The program whose view is open while view.js soaks it: full load with crashes. It says what it holds when it is asked, and
 * ends when view.js lets it go, or has ended in whatever way.
 */
import { serveView } from 'loky/view';
import { startLoad } from './load.js';

const { counts, stop } = startLoad(Number(process.argv[2]));
const view = await serveView();
process.send({ url: view.url });
process.on('message', () => {
  globalThis.gc();
  const { rss, heapUsed, external } = process.memoryUsage();
  const { submitted: tasks, crashes, unexpected } = counts;
  process.send({ hostRss: rss, hostHeap: heapUsed + external, tasks, crashes, unexpected });
});
process.once('disconnect', async () => {
  await stop();
  await view.close();
});
