/** The Fastify service under examples/backends, as a process that gets real requests, bad luck, and SIGTERM. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { aliveDescendants, type LivingProcess, waitUntil, waitUntilGone } from '../../helpers/processes.ts';
import { type Service, startService } from './service.ts';

const upload = new TextEncoder().encode('picture');
const sha256 = createHash('sha256').update(upload).digest('hex');

/** Rounds of a task that would take minutes. */
const ENDLESS = 1_000_000_000;

/** For starts and stops where the machine is busy. */
const LONG = 120_000;

describe.each(['ts', 'cjs'])('the upload service (%s)', (language) => {
  /** Each test has a service of its own, so they can run side by side: much of their time is starts and timeouts. */
  async function withService(taskTimeout: number, run: (service: Service) => Promise<void>): Promise<void> {
    const service = await startService(`examples/backends/upload-service.${language}`, {
      TASK_TIMEOUT: String(taskTimeout),
    });
    try {
      await run(service);
    } finally {
      await service.kill();
    }
  }

  test.concurrent(
    'hashes uploads, ends a task at its timeout, and refuses what is too much',
    () =>
      withService(500, async (service) => {
        const response = await hashOf(service, 1);
        expect([response.status, await response.json()]).toEqual([200, { sha256 }]);

        const flood = await Promise.all(Array.from({ length: 30 }, () => hashOf(service, ENDLESS)));
        const codes = flood.map(({ status }) => status);
        // Two run and eight wait; the others are not taken.
        expect(codes.filter((status) => status === 504).length).toBeGreaterThanOrEqual(10);
        expect(new Set(codes)).toEqual(new Set([503, 504]));
        const refused = flood.find(({ status }) => status === 503);
        expect(refused?.headers.get('retry-after')).toBe('1');
        expect(await refused?.json()).toMatchObject({ error: 'QueueFullError' });
        expect((await hashOf(service, 1)).status).toBe(200);
      }),
    LONG,
  );

  test.concurrent(
    'a client that goes away takes its task along',
    () =>
      withService(60_000, async (service) => {
        const controller = new AbortController();
        const requests = [
          hashOf(service, ENDLESS, controller.signal),
          hashOf(service, ENDLESS, controller.signal),
        ];
        await untilMetric(service, 'loky_tasks_running', 2);
        controller.abort();
        await Promise.allSettled(requests);
        await untilMetric(service, 'loky_tasks_running', 0);
        expect((await hashOf(service, 1)).status).toBe(200);
      }),
    LONG,
  );

  test.concurrent(
    'a worker that dies costs one request',
    () =>
      withService(60_000, async (service) => {
        const request = hashOf(service, ENDLESS);
        await untilMetric(service, 'loky_tasks_running', 1);
        process.kill(await busyWorker(service), 'SIGKILL');
        expect((await request).status).toBe(502);
        expect((await hashOf(service, 1)).status).toBe(200);
      }),
    LONG,
  );

  test.concurrent(
    'SIGTERM: what has come in is answered, then nothing is left',
    () =>
      withService(1_500, async (service) => {
        const pids = workersOf(service).map(({ pid }) => pid);
        expect(pids.length).toBeGreaterThan(0);
        const request = hashOf(service, ENDLESS);
        await untilMetric(service, 'loky_tasks_running', 1);
        process.kill(service.pid, 'SIGTERM');
        expect((await request).status).toBe(504);
        expect(await service.ended).toEqual({ code: 0, signal: null });
        expect(service.output()).toMatch(/^listening on [^\n]+\nclosed\n$/);
        await waitUntilGone(pids, 2_000);
      }),
    LONG,
  );
});

function hashOf(service: Service, rounds: number, signal?: AbortSignal): Promise<Response> {
  return fetch(`${service.address}/hashes?rounds=${rounds}`, {
    method: 'POST',
    body: upload,
    headers: { 'content-type': 'application/octet-stream' },
    ...(signal && { signal }),
  });
}

async function metric(service: Service, name: string): Promise<number> {
  const text = await (await fetch(`${service.address}/metrics`)).text();
  return Number(new RegExp(`^${name} (.*)$`, 'm').exec(text)?.[1]);
}

/** Until a figure of the service is so large; asks again as soon as it has answered. */
async function untilMetric(service: Service, name: string, value: number): Promise<void> {
  for (const end = Date.now() + 20_000; (await metric(service, name)) !== value; ) {
    if (Date.now() > end)
      throw new Error(`Expected ${name} to become ${value}, it is ${await metric(service, name)}`);
  }
}

function workersOf(service: Service): LivingProcess[] {
  return aliveDescendants(service.pid).filter(({ cmd }) => cmd.includes('worker.cjs'));
}

/** The one whose processor time goes up and up: the others are idle, or have just started. */
async function busyWorker(service: Service): Promise<number> {
  const before = new Map(workersOf(service).map(({ pid }) => [pid, processorTicks(pid)]));
  const isBusy = (pid: number) => processorTicks(pid) > (before.get(pid) ?? Number.POSITIVE_INFINITY) + 30;
  const busy = () => workersOf(service).find(({ pid }) => isBusy(pid))?.pid;
  await waitUntil(
    () => busy() !== undefined,
    20_000,
    () => 'a worker to use its processor',
  );
  return busy() as number;
}

/** Hundredths of a second that a process has computed. */
function processorTicks(pid: number): number {
  const [, fields = ''] = readFileSync(`/proc/${pid}/stat`, 'latin1').split(') ');
  const [user = 0, system = 0] = fields.split(' ').slice(11, 13).map(Number);
  return user + system;
}
