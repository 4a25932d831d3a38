/** Act 1: an HTTP server that is asked for /health while it answers CPU-heavy requests, by itself and with a pool. */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { fileURLToPath } from 'node:url';
import { ProcessPoolExecutor } from 'loky';
import { quantile } from '../statistics.js';
import { nearestProduct } from './search.js';

const places = [
  { path: '/search/here', label: 'in the process itself' },
  { path: '/search/pool', label: 'in the pool' },
];

export async function actOfServer({ searches, workers }) {
  const executor = new ProcessPoolExecutor({ maxWorkers: workers });
  const server = createServer((request, response) => answer(request, response, executor));
  server.listen(0, '127.0.0.1');
  try {
    await once(server, 'listening');
    await warmUp(executor, workers);
    const runs = [];
    for (const { path, label } of places) runs.push({ label, ...(await visit(server, path, searches)) });
    return { searches, workers, runs };
  } finally {
    server.closeAllConnections();
    server.close();
    await executor.shutdown();
  }
}

function answer(request, response, executor) {
  const { pathname, searchParams } = new URL(request.url, 'http://demo');
  const send = (value) => response.end(`${JSON.stringify(value)}\n`);
  const query = searchParams.get('q');
  if (pathname === '/health') send('ok');
  else if (pathname === '/search/here') send(nearestProduct(query));
  else if (pathname === '/search/pool') {
    executor.submit(nearestProduct, query).then(send, (error) => {
      response.statusCode = 500;
      send(error.message);
    });
  }
}

/** Both have made their list of products, and have compiled the search, before anything is measured. */
async function warmUp(executor, workers) {
  const queries = Array.from({ length: 4 * workers }, (_, n) => `warm up ${n}`);
  await executor.prewarm();
  for (const query of queries.slice(0, 4)) nearestProduct(query);
  await executor.map(nearestProduct, queries).toArray();
}

async function visit(server, path, searches) {
  const visitors = fork(fileURLToPath(new URL('./visitors.js', import.meta.url)));
  const loop = monitorEventLoopDelay({ resolution: 1 });
  loop.enable();
  visitors.send({ port: server.address().port, path, searches });
  const [{ healths, busy }] = await once(visitors, 'message');
  loop.disable();
  const waits = healths.map(({ took }) => took);
  return {
    healths,
    p50: quantile(waits, 0.5),
    p99: quantile(waits, 0.99),
    loopDelay: loop.max / 1e6,
    took: busy.took,
  };
}
