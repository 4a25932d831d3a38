/**
 * The live view in a server of Node's http module, beside the server's own pages:
 * `VIEW_TOKEN=secret node examples/view/http.js`, then open http://127.0.0.1:3000/view?token=secret.
 */
import { createServer } from 'node:http';
import { ProcessPoolExecutor } from 'loky';
import { viewHandler } from 'loky/view';

const executor = new ProcessPoolExecutor({ maxWorkers: 2, onWorkerCrash: 'isolate' });
const view = viewHandler({ executors: [executor], token: process.env.VIEW_TOKEN ?? 'secret' });

function fibonacci(n) {
  return n < 2 ? n : fibonacci(n - 1) + fibonacci(n - 2);
}

const server = createServer(async (request, response) => {
  const { pathname, searchParams } = new URL(request.url, 'http://localhost');
  if (pathname === '/view') return view(request, response);
  if (pathname !== '/fibonacci') return response.writeHead(404).end();
  const result = await executor.submit(fibonacci, Math.min(40, Number(searchParams.get('n'))));
  response.end(`${result}\n`);
});
server.listen(Number(process.env.PORT ?? 3000), '127.0.0.1', () => {
  const { address, port } = server.address();
  console.log(`listening on http://${address}:${port}`);
});

process.once('SIGTERM', async () => {
  view.close(); // pages that are open would keep the server from closing
  server.close();
  await executor.shutdown();
});
