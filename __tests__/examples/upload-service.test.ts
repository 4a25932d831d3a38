/** The Fastify service under examples/backends, as a process that gets real requests, bad luck, and SIGTERM. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { afterEach, describe, expect, test } from '@jest/globals';
import { aliveDescendants, waitUntil, waitUntilGone } from '../helpers/processes.ts';
import { type Service, startService } from './service.ts';

const upload = new TextEncoder().encode('picture');
const sha256 = createHash('sha256').update(upload).digest('hex');

/** Rounds of a task that would take minutes. */
const ENDLESS = 1_000_000_000;

/** For starts and stops where the machine is busy. */
const LONG = 120_000;

let service: Service;

describe.each(['ts', 'cjs'])('the upload service (%s)', (language) => {
  async function start(taskTimeout: number): Promise<void> {
    service = await startService(`examples/backends/upload-service.${language}`, {
      TASK_TIMEOUT: String(taskTimeout),
    });
  }

  afterEach(async () => {
    await service.kill();
  });

  function hashOf(rounds: number, signal?: AbortSignal): Promise<Response> {
    return fetch(`${service.address}/hashes?rounds=${rounds}`, {
      method: 'POST',
      body: upload,
      headers: { 'content-type': 'application/octet-stream' },
      ...(signal && { signal }),
    });
  }

  async function metric(name: string): Promise<number> {
    const text = await (await fetch(`${service.address}/metrics`)).text();
    return Number(new RegExp(`^${name} (.*)$`, 'm').exec(text)?.[1]);
  }

  /** Until a figure of the service is so large; asks again as soon as it has answered. */
  async function untilMetric(name: string, value: number): Promise<void> {
    for (const end = Date.now() + 20_000; (await metric(name)) !== value; ) {
      if (Date.now() > end)
        throw new Error(`Expected ${name} to become ${value}, it is ${await metric(name)}`);
    }
  }

  const workers = () => aliveDescendants(service.pid).filter(({ cmd }) => cmd.includes('worker.cjs'));

  test(
    'hashes uploads, ends a task at its timeout, and refuses what is too much',
    async () => {
      await start(1_000);
      const response = await hashOf(1);
      expect([response.status, await response.json()]).toEqual([200, { sha256 }]);

      const flood = await Promise.all(Array.from({ length: 30 }, () => hashOf(ENDLESS)));
      const codes = flood.map(({ status }) => status);
      // Two run and eight wait; the others are not taken.
      expect(codes.filter((status) => status === 504).length).toBeGreaterThanOrEqual(10);
      expect(new Set(codes)).toEqual(new Set([503, 504]));
      const refused = flood.find(({ status }) => status === 503);
      expect(refused?.headers.get('retry-after')).toBe('1');
      expect(await refused?.json()).toMatchObject({ error: 'QueueFullError' });
      expect((await hashOf(1)).status).toBe(200);
    },
    LONG,
  );

  test(
    'a client that goes away takes its task along',
    async () => {
      await start(60_000);
      const controller = new AbortController();
      const requests = [hashOf(ENDLESS, controller.signal), hashOf(ENDLESS, controller.signal)];
      await untilMetric('loky_tasks_running', 2);
      controller.abort();
      await Promise.allSettled(requests);
      await untilMetric('loky_tasks_running', 0);
      expect((await hashOf(1)).status).toBe(200);
    },
    LONG,
  );

  test(
    'a worker that dies costs one request',
    async () => {
      await start(60_000);
      const request = hashOf(ENDLESS);
      await untilMetric('loky_tasks_running', 1);
      process.kill(await busyWorker(), 'SIGKILL');
      expect((await request).status).toBe(502);
      expect((await hashOf(1)).status).toBe(200);
    },
    LONG,
  );

  test(
    'SIGTERM: what has come in is answered, then nothing is left',
    async () => {
      await start(1_500);
      const pids = workers().map(({ pid }) => pid);
      expect(pids.length).toBeGreaterThan(0);
      const request = hashOf(ENDLESS);
      await untilMetric('loky_tasks_running', 1);
      process.kill(service.pid, 'SIGTERM');
      expect((await request).status).toBe(504);
      expect(await service.ended).toEqual({ code: 0, signal: null });
      expect(service.output()).toMatch(/^listening on [^\n]+\nclosed\n$/);
      await waitUntilGone(pids, 2_000);
    },
    LONG,
  );

  /** The one whose processor time goes up and up: the others are idle, or have just started. */
  async function busyWorker(): Promise<number> {
    const before = new Map(workers().map(({ pid }) => [pid, processorTicks(pid)]));
    const isBusy = (pid: number) => processorTicks(pid) > (before.get(pid) ?? Number.POSITIVE_INFINITY) + 30;
    const busy = () => workers().find(({ pid }) => isBusy(pid))?.pid;
    await waitUntil(
      () => busy() !== undefined,
      20_000,
      () => 'a worker to use its processor',
    );
    return busy() as number;
  }
});

/** Hundredths of a second that a process has computed. */
function processorTicks(pid: number): number {
  const [, fields = ''] = readFileSync(`/proc/${pid}/stat`, 'latin1').split(') ');
  const [user = 0, system = 0] = fields.split(' ').slice(11, 13).map(Number);
  return user + system;
}
