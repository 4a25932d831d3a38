/** What a served view answers, to whom, and what it costs a program: nothing, while nothing looks. */
import { createHook } from 'node:async_hooks';
import { channel } from 'node:diagnostics_channel';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, test } from '@jest/globals';
import { CancelledError, getReusableExecutor, reportProgress, TerminatedWorkerError } from 'loky';
import { type ServeViewOptions, serveView, type View, viewHandler } from 'loky/view';
import { type SliceKind, sliceKinds } from '../../lib/view/aggregate/messages.ts';
import { killSelf, poolsOfEachTest, runForEver } from '../executor/pools.ts';
import { waitUntil } from '../helpers/processes.ts';
import { ask, openStream, type Stream } from './reader.ts';

const createPool = poolsOfEachTest();
const views: View[] = [];
const streams: Stream[] = [];

afterEach(async () => {
  for (const stream of streams.splice(0)) stream.close();
  await Promise.all(views.splice(0).map((view) => view.close()));
});

async function serve(options?: ServeViewOptions): Promise<View> {
  const view = await serveView(options);
  views.push(view);
  return view;
}

async function open(url: string, headers?: Record<string, string>): Promise<Stream> {
  const stream = await openStream(url, headers);
  streams.push(stream);
  return stream;
}

describe('the page', () => {
  test('is one file that loads nothing, and whose policy lets nothing else run', async () => {
    const { url } = await serve();
    const { status, headers, text } = await ask(url);
    expect(status).toBe(200);
    expect(headers['content-type']).toBe('text/html; charset=utf-8');
    expect(headers['content-security-policy']).toMatch(/^default-src 'none'; script-src 'sha256-/);
    expect(headers).toMatchObject({
      'cache-control': 'no-store',
      'referrer-policy': 'no-referrer',
      'x-frame-options': 'DENY',
    });
    expect(text).not.toMatch(/\b(?:src|href)=["']?https?:/);
  });

  test('has a token made at random in its address, and no other opens it', async () => {
    const [a, b] = [await serve(), await serve()];
    const token = new URL(a.url).searchParams.get('token') ?? '';
    expect(token.length).toBeGreaterThanOrEqual(32);
    expect(new URL(b.url).searchParams.get('token')).not.toBe(token);
    const bare = new URL('/', a.url).href;
    for (const wrong of [
      bare,
      `${bare}?token=`,
      `${bare}?token=${token.slice(1)}`,
      b.url.replace(/:\d+\//, `:${new URL(a.url).port}/`),
    ]) {
      const { status, text } = await ask(wrong);
      expect([status, text]).toEqual([403, expect.stringContaining('token')]);
      expect((await open(wrong)).status).toBe(403);
    }
  });

  test('is refused under a foreign host name, and to pages of another site', async () => {
    const { url } = await serve({ allowActions: true });
    expect((await ask(url, { host: 'evil.example' })).status).toBe(403);
    expect((await open(url, { host: `evil.example:${new URL(url).port}` })).status).toBe(403);
    expect((await open(url, { origin: 'http://evil.example' })).status).toBe(403);
    expect((await open(url, { 'sec-fetch-site': 'cross-site' })).status).toBe(403);
    expect((await open(url, { origin: new URL(url).origin, 'sec-fetch-site': 'same-origin' })).status).toBe(
      200,
    );
    const { headers } = await ask(url, { origin: 'http://evil.example' });
    expect(headers['access-control-allow-origin']).toBeUndefined();
  });

  test('may be reached by a name that was allowed', async () => {
    const { url } = await serve({ hosts: ['Ops.Example.com'] });
    expect((await ask(url, { host: 'ops.example.com:80' })).status).toBe(200);
  });

  test('is decided about by authorize alone, where there is one', async () => {
    const { url } = await serve({
      authorize: async ({ headers }) => {
        if (headers['x-user'] === 'broken') throw new Error('no directory');
        return headers['x-user'] === 'operator';
      },
    });
    expect(new URL(url).search).toBe('');
    expect((await ask(url, { 'x-user': 'operator' })).status).toBe(200);
    expect((await ask(url, { 'x-user': 'guest' })).status).toBe(403);
    expect((await ask(url, { 'x-user': 'broken' })).status).toBe(403);
  });

  test('takes GET and POST', async () => {
    const { url } = await serve();
    expect((await ask(url, {}, 'HEAD')).status).toBe(200);
    expect((await ask(url, {}, 'PUT')).status).toBe(405);
  });
});

test.each<[string, object, RegExp]>([
  ['a token and authorize', { token: 'x', authorize: () => true }, /not both/],
  ['an unknown option', { tokens: 'x' }, /did you mean token/],
  ['a port that is none', { port: 70_000 }, /from 0 to 65535/],
  ['what is no executor', { executors: [{}] }, /executors\[0\] must be an executor/],
])('%s is refused', async (_, options, message) => {
  await expect(serveView(options as ServeViewOptions)).rejects.toThrow(message);
});

test('a view of an executor is refused with a word on where to go', async () => {
  const view = createPool().withOptions({ name: 'x' });
  await expect(serveView({ executors: [view as never] })).rejects.toThrow(
    /the executor that it was made from/,
  );
});

describe('the stream', () => {
  test('has a snapshot, then what changes, at most four times a second', async () => {
    const pool = createPool();
    const stream = await open((await serve({ executors: [pool] })).url);
    const answers = Promise.all(
      Array.from({ length: 300 }, (_, n) =>
        pool.withOptions({ name: 'double' }).submit((m: number) => m * 2, n),
      ),
    );
    await answers;
    await stream.until(() =>
      stream
        .deltas()
        .some(({ functions }) => functions?.some(([, name, count]) => name === 'double' && count === 300)),
    );
    const [snapshot, ...others] = stream.snapshots();
    expect(others).toEqual([]);
    expect(snapshot?.host).toMatchObject({ pid: process.pid, actions: false });
    expect(snapshot?.pools).toMatchObject([{ id: pool.executorId, state: 'open', maxWorkers: 1 }]);
    expect(snapshot?.pools?.[0]?.settings).toContainEqual(['onWorkerCrash', 'break']);
    await stream.until(() => stream.deltas().some(({ points }) => (points?.length ?? 0) > 0));
    const [first = 0, last = 0] = [stream.times[1], stream.times.at(-1)];
    expect(stream.times.length - 2).toBeLessThanOrEqual(((last - first) / 250) * 1.1 + 1);
  });

  test('says nothing of arguments and results', async () => {
    const pool = createPool({
      initializer: (secret: string) => secret.length,
      initArgs: ['secret of the initializer'],
      env: { KEY: 'secret of the environment' },
    });
    const stream = await open((await serve({ executors: [pool] })).url);
    await pool
      .submit((text: string) => {
        reportProgress({ note: 'secret of the progress', done: 1, of: 2 });
        return `${text}, returned`;
      }, 'secret of the arguments')
      .onProgress(() => {});
    await stream.until(() =>
      stream.deltas().some(({ functions }) => functions?.some(([, , count]) => count === 1)),
    );
    expect(stream.text()).not.toContain('secret');
    expect(stream.text()).not.toContain('returned');
  });

  test('has a crash with the whole report, and what it cost', async () => {
    const pool = createPool({ onWorkerCrash: 'isolate', stdio: 'ignore' });
    const stream = await open((await serve({ executors: [pool] })).url);
    const error = await pool
      .withOptions({ name: 'render' })
      .submit(() => {
        process.getBuiltinModule('node:fs').writeSync(2, 'last words\n');
        process.kill(process.pid, 'SIGKILL');
        return new Promise(() => {});
      })
      .exception();
    expect(error).toBeInstanceOf(TerminatedWorkerError);
    const died = () =>
      stream
        .deltas()
        .flatMap(({ failures = [] }) => failures)
        .findLast(({ kind }) => kind === 'died');
    await stream.until(() => died()?.count === 1);
    expect(died()).toMatchObject({
      ...{ task: 'render', rank: 0, pid: (error as TerminatedWorkerError).pid },
      report: { reason: 'crash', signal: 'SIGKILL', stderr: expect.stringContaining('last words') },
    });
    const marks = () => stream.deltas().flatMap(({ marks = [] }) => marks);
    expect(marks()).toContainEqual([pool.executorId * 10_000, expect.any(Number), 0, died()?.pid, 'crash']);
  });

  test('has all tasks of a worker that runs several, beside each other, and what they were when it died', async () => {
    const pool = createPool({ tasksPerWorker: 3, onWorkerCrash: 'isolate', stdio: 'ignore' });
    const stream = await open((await serve({ executors: [pool] })).url);
    const running = () =>
      stream
        .deltas()
        .flatMap(({ workers = [] }) => workers)
        .findLast((row) => row.running === 3);
    const slices = () => stream.deltas().flatMap(({ slices = [] }) => slices);
    const tracksOf = (kind: SliceKind) =>
      slices()
        .filter((slice) => sliceKinds[slice[4]] === kind && slice[2] >= 100)
        .map((slice) => slice[8])
        .sort();
    const submit = (ms: number) =>
      ['a', 'b', 'c'].map((name) =>
        pool
          .withOptions({ name })
          .submit((time: number) => new Promise<void>((resolve) => setTimeout(resolve, time)), ms),
      );
    await Promise.all(submit(800));
    await stream.until(() => tracksOf('succeeded').length === 3);
    expect(running()).toMatchObject({ tasks: [{ name: 'a' }, { name: 'b' }, { name: 'c' }], ahead: 0 });
    expect(tracksOf('succeeded')).toEqual([0, 1, 2]);

    const lost = submit(60_000);
    await waitUntil(() => lost.every((future) => future.running()), 10_000);
    await sleep(300);
    process.kill(pool.stats().workers[0]?.pid ?? 0, 'SIGKILL');
    await Promise.allSettled(lost);
    await stream.until(() => tracksOf('crashed').length === 3);
    expect(tracksOf('crashed')).toEqual([0, 1, 2]);
  });

  test('has errors, timeouts and kills, each with why', async () => {
    const pool = createPool({ onWorkerCrash: 'isolate' });
    const stream = await open((await serve({ executors: [pool] })).url);
    await pool
      .withOptions({ name: 'throws' })
      .submit(() => JSON.parse('{'))
      .exception();
    await pool.withOptions({ name: 'hangs', timeout: 100 }).submit(runForEver).exception();
    const killed = pool.withOptions({ name: 'killed' }).submit(runForEver);
    await waitUntil(() => killed.running(), 10_000);
    killed.cancel({ kill: true });
    const kinds = () =>
      stream.deltas().flatMap(({ failures = [] }) => failures.map(({ kind, task }) => `${task}: ${kind}`));
    await stream.until(() => kinds().length >= 3);
    expect(kinds()).toEqual(['throws: failed', 'hangs: timed-out', 'killed: killed']);
    expect(stream.text()).toContain('its timeout of 100 ms');
  });

  test('shows the executors that are made while it is open, and leaves out those that were shut down', async () => {
    const stream = await open((await serve()).url);
    const pool = createPool();
    await pool.submit(() => 1);
    const key = `p${pool.executorId}`;
    await stream.until(() =>
      stream.deltas().some(({ pools = [] }) => pools.some((each) => each.key === key)),
    );
    await pool.shutdown();
    await stream.until(() => stream.deltas().some(({ gone = [] }) => gone.includes(key)));
  });

  test('follows a reusable executor that broke to the next one', async () => {
    const options = { key: 'view', maxWorkers: 1, stdio: 'ignore' } as const;
    const stream = await open((await serve()).url);
    await getReusableExecutor(options).submit(killSelf).exception();
    const next = getReusableExecutor(options);
    await next.withOptions({ name: 'afterwards' }).submit(() => 1);
    await stream.until(() =>
      stream
        .deltas()
        .some(({ functions = [] }) =>
          functions.some(([, name, count]) => name === 'afterwards' && count === 1),
        ),
    );
    expect(stream.text()).toContain('"state":"broken"');
    await next.shutdown();
  });

  test('has the figures of a fleet, and why there are none', async () => {
    const figures = {
      queue: 'jobs',
      machines: [{ host: 'a', reportedAt: 1, tasks: ['left out'] }],
      jobs: { waiting: 3 },
      oldest: { id: 'left out', age: 5 },
    };
    let isBroken = false;
    const fleet = async () => {
      if (isBroken) throw new Error('Redis is away');
      return figures;
    };
    const stream = await open((await serve({ executors: [], fleet })).url);
    await stream.until(() => stream.deltas().some((delta) => delta.fleet !== undefined));
    expect(stream.deltas().find((delta) => delta.fleet !== undefined)?.fleet).toEqual({
      figures: {
        queue: 'jobs',
        machines: [{ host: 'a', reportedAt: 1 }],
        jobs: { waiting: 3 },
        oldest: { age: 5 },
      },
    });
    isBroken = true;
    await stream.until(() => stream.text().includes('Redis is away'));
  });

  test('lets no more pages in than it can serve', async () => {
    const { url } = await serve({ executors: [] });
    for (let count = 0; count < 32; count += 1) expect((await open(url)).status).toBe(200);
    expect((await open(url)).status).toBe(503);
  });
});

describe('acting', () => {
  const act = async (
    url: string,
    query: Record<string, string | number>,
    headers = { origin: new URL(url).origin },
  ) => {
    const address = new URL(url);
    for (const [name, value] of Object.entries(query)) address.searchParams.set(name, String(value));
    const { status, text } = await ask(address.href, headers, 'POST');
    return { status, ...(status === 200 ? (JSON.parse(text) as Record<string, string>) : { text }) } as {
      status: number;
      question?: string;
      code?: string;
      done?: string;
      refused?: string;
    };
  };

  test('is off unless it was allowed, and never for another site or without a token', async () => {
    const pool = createPool();
    const query = { do: 'resize', pool: pool.executorId, workers: 3 };
    expect((await act((await serve({ executors: [pool] })).url, query)).status).toBe(403);
    const { url } = await serve({ executors: [pool], allowActions: true });
    expect((await act(url, query, { origin: 'http://evil.example' })).status).toBe(403);
    expect((await act(url, query, {} as { origin: string })).status).toBe(403);
    expect((await act(new URL('/', url).href, query)).status).toBe(403);
    expect((await act(url, { do: 'resize' })).status).toBe(400);
    expect(pool.stats().workers).toEqual([]);
  });

  test('asks twice, and takes each answer once, for the same action', async () => {
    const pool = createPool();
    const { url } = await serve({ executors: [pool], allowActions: true });
    const query = { do: 'resize', pool: pool.executorId, workers: 3 };
    const { question, code = '' } = await act(url, query);
    expect(question).toMatch(/from at most 1 to at most 3 workers\?$/);
    expect(await act(url, { ...query, code: 'guessed' })).toMatchObject({ refused: expect.any(String) });
    expect(await act(url, { ...query, workers: 9, code })).toMatchObject({ refused: expect.any(String) });
    const again = await act(url, query);
    expect(await act(url, { ...query, code: again.code as string })).toMatchObject({
      done: expect.any(String),
    });
    expect(await act(url, { ...query, code: again.code as string })).toMatchObject({
      refused: expect.any(String),
    });
    await pool.prewarm();
    expect(pool.stats().workers).toHaveLength(3);
  });

  test('cancels a task that runs, and ends a worker', async () => {
    const pool = createPool();
    const { url } = await serve({ executors: [pool], allowActions: true });
    const stream = await open(url);
    const twice = async (query: Record<string, string | number>) =>
      act(url, { ...query, code: (await act(url, query)).code ?? '' });
    const future = pool.submit(runForEver);
    const task = () =>
      stream
        .deltas()
        .flatMap(({ workers = [] }) => workers)
        .findLast(({ tasks }) => tasks.length > 0)?.tasks[0];
    await stream.until(() => task() !== undefined);
    expect(await twice({ do: 'cancel-task', pool: pool.executorId, task: task()?.id ?? 0 })).toMatchObject({
      done: expect.any(String),
    });
    await expect(future).rejects.toBeInstanceOf(CancelledError);

    const pid = await pool.submit(() => process.pid);
    await waitUntil(() => pool.stats().workers.some(({ state }) => state === 'idle'), 10_000);
    expect(await twice({ do: 'end-worker', pool: pool.executorId, pid })).toMatchObject({
      done: expect.any(String),
    });
    expect(await pool.submit(() => process.pid)).not.toBe(pid);
    expect(await act(url, { do: 'end-worker', pool: pool.executorId, pid: 1 })).toMatchObject({
      refused: expect.any(String),
    });
  });
});

describe('nothing', () => {
  /** Async contexts of tasks: one is made for each task of which events are made. */
  function countEvents() {
    let count = 0;
    const hook = createHook({
      init(_, type) {
        if (type === 'LokyTask') count += 1;
      },
    }).enable();
    return () => {
      hook.disable();
      return count;
    };
  }

  test('is made of a task while nothing looks, and no event while a page is open', async () => {
    const pool = createPool();
    const { url } = await serve({ executors: [pool] });
    const timers = process.getActiveResourcesInfo().filter((type) => type === 'Timeout').length;
    let eventCount = countEvents();
    for (let n = 0; n < 50; n += 1) await pool.submit(() => n);
    expect(eventCount()).toBe(0);
    expect(process.getActiveResourcesInfo().filter((type) => type === 'Timeout').length).toBeLessThanOrEqual(
      timers,
    );
    expect(pool.eventNames()).toEqual([]);
    for (const name of ['task:queued', 'task:started', 'task:settled', 'worker:exited'])
      expect(channel(`loky:${name}`).hasSubscribers).toBe(false);

    eventCount = countEvents();
    const stream = await open(url);
    expect(stream.snapshots()[0]?.functions ?? []).toEqual([]); // what had run before was not counted
    for (let n = 0; n < 50; n += 1) await pool.submit(() => n);
    await stream.until(() => stream.deltas().some(({ functions }) => functions !== undefined));
    expect(eventCount()).toBe(0);
  });

  test('is left of a view that was closed: no server, no stream, no timer', async () => {
    const pool = createPool();
    const before = process.getActiveResourcesInfo().filter((type) => /TCP|Timeout/.test(type)).length;
    const view = await serveView({ executors: [pool] });
    const stream = await openStream(view.url);
    await Promise.all([view.close(), view.close()]);
    await stream.ended;
    await expect(ask(view.url)).rejects.toThrow(/ECONNREFUSED/);
    await waitUntil(
      () => process.getActiveResourcesInfo().filter((type) => /TCP|Timeout/.test(type)).length <= before,
      5_000,
    );
    await pool.submit(() => 1);
  });
});

test('several views of one pool see the same, and one that is closed takes nothing from the others', async () => {
  const pool = createPool();
  const served = await Promise.all([1, 2, 3].map(() => serve({ executors: [pool] })));
  const opened = await Promise.all(served.map(({ url }) => open(url)));
  const counts = (stream: Stream | undefined) =>
    stream
      ?.deltas()
      .flatMap(({ functions = [] }) => functions)
      .findLast(([, name]) => name === 'seen')?.[2];
  const seen = pool.withOptions({ name: 'seen' });
  await seen.submit(() => 1);
  await Promise.all(opened.map((stream) => stream.until(() => counts(stream) === 1)));
  await served[1]?.close();
  await seen.submit(() => 1);
  await Promise.all([0, 2].map((index) => opened[index]?.until(() => counts(opened[index]) === 2)));
  await Promise.all([served[0]?.close(), served[2]?.close()]);
  await seen.submit(() => 1);
});

test('a handler works in a server of the user, under any path, and is closed by itself', async () => {
  const pool = createPool();
  const view = viewHandler({ executors: [pool] });
  const server = createServer((request, response) => {
    if (request.url?.startsWith('/admin/loky')) view(request, response);
    else response.writeHead(404).end();
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/admin/loky?token=${view.token}`;
  try {
    expect((await ask(url)).status).toBe(200);
    const stream = await open(url);
    await stream.until(() => stream.snapshots().length === 1);
    view.close();
    await stream.ended;
    expect((await ask(url)).status).toBe(503);
  } finally {
    server.close();
  }
});
