/**
 * A Fastify service that hashes uploads, slowly and on purpose, in worker processes: its event loop stays free, a task
 * ends at its timeout or when its client disconnects, an overload is answered with 503, and SIGTERM loses no request.
 *
 *   PORT=3000 npx tsx examples/backends/upload-service.ts
 *   curl --data-binary @picture.jpg -H 'content-type: application/octet-stream' 'localhost:3000/hashes?rounds=1000'
 */
import { createHash } from 'node:crypto';
import Fastify, { type FastifyReply } from 'fastify';
import {
  BrokenProcessPool,
  getReusableExecutor,
  QueueFullError,
  TerminatedWorkerError,
  TimeoutError,
} from 'loky';

const GRACE = 10_000;

/** Always the same executor; a new one if it was broken. */
const pool = () =>
  getReusableExecutor({
    maxWorkers: 2,
    spareWorkers: 1, // takes over at once when a worker was ended
    idleTimeout: null,
    onWorkerCrash: 'isolate', // a crash costs the request that crashed
    restartIntensity: { max: 20, window: 60_000 },
    taskTimeout: Number(process.env['TASK_TIMEOUT'] ?? 5_000),
    memory: { limit: 500_000_000 },
    maxPending: 8,
  });

function hash(upload: Uint8Array, rounds: number): string {
  let digest = createHash('sha256').update(upload).digest();
  for (let round = 1; round < rounds; round += 1) digest = createHash('sha256').update(digest).digest();
  return digest.toString('hex');
}

const service = Fastify({ bodyLimit: 50_000_000 });
service.addContentTypeParser('application/octet-stream', { parseAs: 'buffer' }, (_request, body, done) => {
  done(null, body);
});

const query = { type: 'object', properties: { rounds: { type: 'integer', minimum: 1, default: 1 } } };

service.post<{ Body: Buffer; Querystring: { rounds: number } }>(
  '/hashes',
  { schema: { querystring: query } },
  async (request, reply) => {
    const executor = pool().withOptions({ signal: clientGone(reply) });
    return { sha256: await executor.submit(hash, request.body, request.query.rounds) };
  },
);

service.get('/metrics', async (_request, reply) => {
  const { pending, running, finished, workers, waitTime, runTime } = pool().stats();
  reply.type('text/plain; version=0.0.4');
  return `loky_tasks_pending ${pending}
loky_tasks_running ${running}
loky_tasks_finished_total ${finished}
loky_workers ${workers.length}
loky_workers_rss_bytes ${workers.reduce((sum, { rss }) => sum + (rss ?? 0), 0)}
loky_task_wait_milliseconds{quantile="0.99"} ${waitTime.p99}
loky_task_run_milliseconds{quantile="0.99"} ${runTime.p99}
`;
});

service.setErrorHandler((error: Error & { statusCode?: number }, _request, reply) => {
  const status = statusOf(error);
  if (status === 503) reply.header('retry-after', '1');
  if (status === 500) console.error(error);
  return reply.code(status).send({ error: error.name, message: error.message });
});

/** Aborted when the connection ends before the answer was sent. */
function clientGone(reply: FastifyReply): AbortSignal {
  const controller = new AbortController();
  reply.raw.once('close', () => {
    if (!reply.raw.writableFinished) controller.abort(new Error('The client has gone.'));
  });
  return controller.signal;
}

function statusOf(error: Error & { statusCode?: number }): number {
  if (error instanceof QueueFullError) return 503;
  if (error instanceof TimeoutError) return 504;
  if (error instanceof TerminatedWorkerError) return 502; // this upload ended its worker
  if (error instanceof BrokenProcessPool) return 503;
  return error.statusCode ?? 500;
}

let closing = false;
service.addHook('onSend', async (_request, reply) => {
  // Else clients keep their connections, and close() waits for them for as long as keepAliveTimeout says.
  if (closing) reply.header('connection', 'close');
});

/** Finishes open requests; those that are unfinished after the grace period are ended. */
async function close(): Promise<void> {
  closing = true;
  const last = pool();
  const patience = setTimeout(() => void last.shutdown({ killWorkers: true }), GRACE);
  await service.close();
  await last.shutdown();
  clearTimeout(patience);
  console.log('closed');
}
process.once('SIGTERM', () => void close());
process.once('SIGINT', () => void close());

await pool().prewarm(); // the first request does not wait for a start
console.log(
  `listening on ${await service.listen({ port: Number(process.env['PORT'] ?? 0), host: '127.0.0.1' })}`,
);
