/**
 * Everybody who asks the server, as a process of its own: what they wait for is not what they do themselves. It asks
 * for /health at a steady pace, whether earlier answers have come or not, while a number of searches run.
 */
import { Agent, get } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';

/** Between two questions for /health. */
const PACE = 10;
/** That are open before anything is measured: a busy server takes new ones slowly. */
const CONNECTIONS = 64;
/** Of quiet before and after the searches. */
const QUIET = 250;
/** Searches that run at a time. */
const TOGETHER = 4;

process.once('message', async ({ port, path, searches }) => {
  const agent = new Agent({ keepAlive: true, maxSockets: CONNECTIONS, maxFreeSockets: CONNECTIONS });
  const ask = (what) => answerOf(agent, port, what);
  await Promise.all(Array.from({ length: CONNECTIONS }, () => ask('/health')));

  const startedAt = performance.now();
  const healths = [];
  const pulse = setInterval(() => healths.push(timed(startedAt, () => ask('/health'))), PACE);
  await sleep(QUIET);
  const busy = await timed(startedAt, () => search(searches, (query) => ask(`${path}?q=${query}`)));
  await sleep(QUIET);
  clearInterval(pulse);
  process.send({ healths: await Promise.all(healths), busy }, () => {
    process.disconnect();
    agent.destroy();
  });
});

async function search(searches, ask) {
  let left = searches;
  const visitor = async () => {
    while (left-- > 0) await ask(encodeURIComponent(`nothern kopper latern ${left}`));
  };
  await Promise.all(Array.from({ length: TOGETHER }, visitor));
}

async function timed(startedAt, run) {
  const begin = performance.now();
  await run();
  return { at: begin - startedAt, took: performance.now() - begin };
}

function answerOf(agent, port, path) {
  return new Promise((resolve, reject) => {
    get({ agent, port, path, host: '127.0.0.1' }, (response) => {
      response.resume().once('end', resolve).once('error', reject);
    }).once('error', reject);
  });
}
