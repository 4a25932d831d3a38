// A machine with a probe for its orchestrator, and metrics for Prometheus.
import { once } from 'node:events';
import { createServer } from 'node:http';
import { serveTasks } from 'loky/bullmq';
import { collectMetrics } from 'loky/metrics';
import { register } from 'prom-client';
import { tasks } from './tasks.js';

const connection = process.env.REDIS_URL ?? 'redis://127.0.0.1:6379';
const server = serveTasks({ queue: 'work', connection, tasks });
collectMetrics(server, { name: 'machine' }); // loky_machine_jobs_total{event}, loky_machine_lock_failures_total, …

const pages = createServer(async ({ url }, response) => {
  if (url === '/metrics') return response.end(await register.metrics());
  const health = server.health(); // what is known: it asks Redis nothing
  response.writeHead(health.ok ? 200 : 503).end(JSON.stringify(health));
}).listen(Number(process.env.PORT ?? 9_000));
await Promise.all([server.ready, once(pages, 'listening')]);
console.log('serving', pages.address().port);
