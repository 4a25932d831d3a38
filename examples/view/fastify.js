/**
 * The live view in Fastify: `VIEW_TOKEN=secret node examples/view/fastify.js`, then open
 * http://127.0.0.1:3000/view?token=secret.
 */
import Fastify from 'fastify';
import { ProcessPoolExecutor } from 'loky';
import { viewHandler } from 'loky/view';

const executor = new ProcessPoolExecutor({ maxWorkers: 2, onWorkerCrash: 'isolate' });
const view = viewHandler({ executors: [executor], token: process.env.VIEW_TOKEN ?? 'secret' });

const app = Fastify();
app.route({
  method: ['GET', 'POST'],
  url: '/view',
  handler(request, reply) {
    reply.hijack(); // the view answers by itself
    view(request.raw, reply.raw);
  },
});
app.get('/square/:n', async ({ params }) => executor.submit((n) => n * n, Number(params.n)));
app.addHook('preClose', async () => view.close()); // pages that are open would keep the server from closing
app.addHook('onClose', () => executor.shutdown());

console.log(
  `listening on ${await app.listen({ port: Number(process.env.PORT ?? 3000), host: '127.0.0.1' })}`,
);
process.once('SIGTERM', () => app.close());
