/** Options are own properties: what others have given to Object.prototype is nobody's option. */
import { describe, expect, test } from '@jest/globals';
import { executorChecks, resolveExecutorOptions } from '../../lib/options/executor-options.ts';
import * as check from '../../lib/system/check.ts';
import { scriptFolder, WELL } from '../executor/host-script.ts';

const run = scriptFolder();

describe('checked options', () => {
  test('inherit nothing, at any depth', () => {
    const checks = { memory: check.nested({ limit: check.bytes }), size: check.count(1) };
    const checked = check.checkOptions({ memory: { limit: 5 } }, checks, 'f');
    expect([Object.getPrototypeOf(checked), Object.getPrototypeOf(checked.memory)]).toEqual([null, null]);
    expect(checked).toEqual({ memory: { limit: 5 } });
  });

  test.each([
    ['an object without a prototype', Object.assign(Object.create(null), { maxWorkers: 3 })],
    ['own properties of an instance', Object.assign(new (class Mine {})(), { maxWorkers: 3 })],
    ['an accessor', Object.defineProperty({}, 'maxWorkers', { get: () => 3, enumerable: true })],
  ])('may be %s', (_, options) => {
    expect(resolveExecutorOptions(options).maxWorkers).toBe(3);
  });

  test('that are inherited from defaults or a class are refused: they would be ignored', () => {
    class Mine {
      get maxWorkers() {
        return 3;
      }
    }
    for (const options of [new Mine(), Object.create({ maxWorkers: 3 }), Object.create(new Mine())])
      expect(() => resolveExecutorOptions(options)).toThrow(
        'the option maxWorkers of ProcessPoolExecutor is inherited, and options must be own properties',
      );
    const memory = Object.create({ limit: 5 });
    expect(() => resolveExecutorOptions({ memory })).toThrow('the option limit of memory is inherited');
  });

  test('are complete without what an option has to have', () => {
    const restartIntensity = Object.create(null, { max: { value: 1, enumerable: true } });
    expect(() => resolveExecutorOptions({ restartIntensity })).toThrow('window is missing');
  });
});

/** But for `signal`: Node itself asks for that, in every socket that it makes. */
const names = [
  ...new Set([
    ...Object.keys(executorChecks),
    ...['timeout', 'retries', 'priority', 'name', 'chunkSize', 'bufferSize', 'ordered', 'onProgress'],
    ...[
      'wait',
      'killWorkers',
      'kill_workers',
      'cancelFutures',
      'kill',
      'reuse',
      'key',
      'max',
      'window',
      'limit',
    ],
    ...[
      'leakThreshold',
      'checkDelay',
      'returnWhen',
      'force',
      'onlyPhysicalCores',
      'shell',
      'onLaunch',
      'NODE_OPTIONS',
    ],
  ]),
];

test('a polluted Object.prototype changes nothing for the program, and nothing reaches a worker', async () => {
  const script = run(`
    import { getReusableExecutor } from ${JSON.stringify(new URL('../../dist/index.js', import.meta.url).href)};
    for (const name of ${JSON.stringify(names)}) Object.prototype[name] = 'polluted';
    const executor = new ProcessPoolExecutor({ maxWorkers: 1 });
    const read = () => Object.entries(process.env).filter(([, value]) => value === 'polluted');
    say(await executor.submit(read));
    say(await executor.withOptions({}).submit(Math.max, 1, 2));
    say(await executor.map(Math.abs, [-1, -2]).toArray());
    say(await executor.submit(Math.max, 3).result({}));
    const cancelled = executor.submit(() => new Promise((resolve) => setTimeout(resolve, 200)));
    say((await wait([cancelled], {})).done.size);
    const shared = getReusableExecutor({ maxWorkers: 1 });
    say(await shared.submit(Math.max, 4));
    say(shared === getReusableExecutor({ maxWorkers: 1 }));
    const last = executor.submit(() => new Promise((resolve) => setTimeout(resolve, 200, 'finished')));
    await Promise.all([executor.shutdown({}), shared.shutdown()]);
    say(await last);
  `);
  expect(await script.ended).toMatchObject({
    ...WELL,
    said: [[], 2, [1, 2], 3, 1, 4, true, 'finished'],
  });
});
