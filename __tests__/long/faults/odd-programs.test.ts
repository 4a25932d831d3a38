/** Programs that throw what has no text, or change what the language brings along: nothing is uncaught, nothing hangs. */
import { describe, expect, test } from '@jest/globals';
import { scriptFolder } from '../../executor/host-script.ts';
import { poolsOfEachTest, rejectionOf, square } from '../../executor/pools.ts';

const script = scriptFolder();
const newPool = poolsOfEachTest();

const HEAD = `
const HUNG = { hangs: true };
const settled = (make) => Promise.race([
  (async () => make())().then((value) => ({ value }), (error) => ({ error: error.name, message: error.message })),
  sleep(3_000, HUNG, { ref: false }),
]);
const ended = (executor) => settled(async () => { await executor.shutdown(); });
process.on('uncaughtException', () => say('uncaught'));
process.on('unhandledRejection', () => say('unhandled'));
process.on('warning', ({ code, message }) => say([code, message]));
const thrower = {
  bare() { throw Object.create(null); },
  mute() { const { proxy, revoke } = Proxy.revocable({}, {}); revoke(); throw proxy; },
  symbol() { throw Object.assign(new Error('x'), { message: Symbol() }); },
  getter() {
    const get = () => { throw Object.create(null); };
    throw Object.defineProperties(new Error('x'), { message: { get }, code: { get } });
  },
};
`;

async function saidBy(source: string, execArgv: string[] = []): Promise<readonly unknown[]> {
  const program = `${HEAD}${source}\nprocess.exit();`;
  const { said } = await script(program, { execArgv, env: { NODE_NO_WARNINGS: '1' } }).ended;
  return said;
}

describe.each([
  ['an object without a prototype', 'bare'],
  ['a proxy that answers nothing', 'mute'],
  ['an error whose message is a symbol', 'symbol'],
  ['an error whose getters throw', 'getter'],
])('%s', (_, name) => {
  test('that a listener throws is told in a warning', async () => {
    const events = [
      'workerStarted',
      'workerReady',
      'taskQueued',
      'taskStarted',
      'taskSettled',
      'workerExited',
    ];
    const said = await saidBy(`
      const executor = new ProcessPoolExecutor({ maxWorkers: 1 });
      for (const event of ${JSON.stringify(events)}) executor.once(event, thrower.${name});
      say(await settled(() => executor.submit((a) => a, 1)));
      say(await settled(() => executor.submit((a) => a, 2)));
      say(await ended(executor));
      await sleep(50);
    `);
    expect(said.filter((each) => !Array.isArray(each))).toEqual([{ value: 1 }, { value: 2 }, {}]);
    expect(said.filter(Array.isArray)).toHaveLength(events.length);
    for (const event of events) {
      const text = expect.stringContaining(`listener of the event ${event} threw: `);
      expect(said).toContainEqual(['LOKY_LISTENER_THREW', text]);
    }
  });

  test('that the function for the environment throws breaks the pool', async () => {
    const said = await saidBy(`
      for (const env of [thrower.${name}, () => ({ get A() { return thrower.${name}(); } })]) {
        const executor = new ProcessPoolExecutor({ maxWorkers: 1, env });
        say(await settled(() => executor.submit(() => 1)));
        say(await ended(executor));
      }
    `);
    const why = expect.stringMatching(/could not be started: .+; the executor is broken/);
    const failed = { error: 'WorkerStartupError', message: why };
    expect(said).toEqual([failed, {}, failed, {}]);
  });

  test('that an initializer throws is told to be its failure', async () => {
    const said = await saidBy(`
      const executor = new ProcessPoolExecutor({ maxWorkers: 1, stdio: 'ignore', initializer: thrower.${name} });
      say(await settled(() => executor.submit(() => 1)));
      say(await ended(executor));
    `);
    const why = expect.stringMatching(/^The initializer of a worker failed: .+; the executor is broken/);
    expect(said).toEqual([{ error: 'InitializerError', message: why }, {}]);
  });
});

describe.each([
  ['Error.prepareStackTrace gives the frames themselves', 'Error.prepareStackTrace = (_, sites) => sites;'],
  ['Error.prepareStackTrace throws', "Error.prepareStackTrace = () => { throw 'mine'; };"],
  ['Error is frozen', 'Object.freeze(Error);'],
  ['Error.captureStackTrace is gone', 'delete Error.captureStackTrace;'],
])('where %s', (_, change) => {
  test('tasks fail with their own error', async () => {
    const said = await saidBy(`
      const executor = new ProcessPoolExecutor({ maxWorkers: 1, onWorkerCrash: 'isolate' });
      const limit = Error.stackTraceLimit;
      ${change}
      say(await settled(() => executor.submit(() => { throw new TypeError('mine'); })));
      say(await settled(() => executor.withOptions({ timeout: 100 }).submit(() => { for (;;); })));
      say(await settled(() => executor.map((a) => a, [1, 2]).toArray()));
      say(Error.stackTraceLimit === limit);
      say(await ended(executor));
    `);
    expect(said).toEqual([
      { error: 'TypeError', message: 'mine' },
      { error: 'TimeoutError', message: expect.stringContaining('100 ms') },
      { value: [1, 2] },
      true,
      {},
    ]);
  });
});

test('a pool works where intrinsics are frozen', async () => {
  const said = await saidBy(
    `
    const executor = new ProcessPoolExecutor({ maxWorkers: 1 });
    say(await settled(() => executor.submit(() => 1)));
    say(await settled(() => executor.submit(() => { throw new TypeError('mine'); })));
    say(await ended(executor));
    `,
    ['--frozen-intrinsics', '--no-warnings'],
  );
  expect(said.filter((each) => !Array.isArray(each))).toEqual([
    { value: 1 },
    { error: 'TypeError', message: 'mine' },
    {},
  ]);
});

test('an error that a reducer rebuilt as a proxy that tells nothing reaches its future', async () => {
  const said = await saidBy(`
    const odd = { test: (value) => value?.odd === 1, reduce: () => 1, rebuild() {
      try { thrower.mute(); } catch (proxy) { return proxy; }
    } };
    const executor = new ProcessPoolExecutor({ maxWorkers: 1, resultReducers: { odd } });
    say(await Promise.race([
      executor.submit(() => { throw { odd: 1 }; }).then(null, () => 'failed'),
      sleep(3_000, HUNG, { ref: false }),
    ]));
    say(await ended(executor));
  `);
  expect(said).toEqual(['failed', {}]);
});

test('an invalid LOKY_MAX_CPU_COUNT says nothing of a pool that says how many workers it has', async () => {
  const said = await saidBy(`
    process.env.LOKY_MAX_CPU_COUNT = 'auto';
    const executor = new ProcessPoolExecutor({ maxWorkers: 1, onWorkerCrash: 'isolate' });
    const first = executor.withOptions({ priority: 1 });
    const echo = (a) => a;
    let sum = 0;
    say(await settled(async () => {
      for (let round = 0; round < 60; round += 1) {
        for (const value of await Promise.all([1, 2, 3].map((n) => first.submit(echo, n)))) sum += value;
      }
      return sum;
    }));
    say(await ended(executor));
  `);
  expect(said).toEqual([{ value: 360 }, {}]);
});

test.each(['undefined', 'NaN', '1e15', '-1e15', 'Infinity'])('performance.now may say %s', async (now) => {
  const said = await saidBy(`
    const executor = new ProcessPoolExecutor({ maxWorkers: 1 });
    say(await settled(() => executor.submit((a) => a, 1)));
    performance.now = () => ${now};
    say(await settled(() => executor.submit((a) => a, 2)));
    say(await settled(() => executor.map((a) => a, [3]).toArray()));
    say(await ended(executor));
  `);
  expect(said).toEqual([{ value: 1 }, { value: 2 }, { value: [3] }, {}]);
});

test('a name that would make messages too long is cut', async () => {
  const executor = newPool();
  const names: unknown[] = [];
  executor.on('taskSettled', ({ name }) => names.push(name));
  const named = (name: string) => executor.withOptions({ name });
  await named('x'.repeat(1000)).submit(square, 2);
  const error = await rejectionOf(named('y'.repeat(100_000)).submit(() => process.exit(3)));
  expect(error).toMatchObject({ name: 'TerminatedWorkerError', task: `${'y'.repeat(999)}…` });
  expect(names).toEqual(['x'.repeat(1000), `${'y'.repeat(999)}…`]);
});
