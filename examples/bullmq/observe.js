// Observes a queue from outside, and serves figures for an autoscaler and for alerts. One such program is enough.
import { once } from 'node:events';
import { createServer } from 'node:http';
import { observeQueue } from 'loky/bullmq';

const connection = process.env.REDIS_URL ?? 'redis://127.0.0.1:6379';
const observer = observeQueue({ queue: 'work', connection });

const page = createServer(async (_, response) => {
  const { jobs, oldest, machines } = await observer.read();
  const busy = machines.map(({ host, pid, active, workers }) => `${host} ${pid}: ${active} of ${workers}`);
  response.end(
    JSON.stringify({ backlog: jobs.backlog, failed: jobs.failed, oldest: oldest?.age ?? 0, busy }),
  );
}).listen(Number(process.env.PORT ?? 9_100));
await once(page, 'listening');
console.log('observing', page.address().port);
