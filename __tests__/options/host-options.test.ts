/** Node's own options of the host go to the workers; those that make no sense there are left out with their values. */
import { describe, expect, test } from '@jest/globals';
import { scriptFolder, WELL } from '../executor/host-script.ts';

const run = scriptFolder();

describe('workers start, and get the other options, in a host that has', () => {
  test.each([
    [['--inspect-port', '0']],
    [['--test-name-pattern', 'of a test']],
    [['--test-reporter', 'spec']],
    [['--test-reporter=spec']],
    [['--inspect_port=0']],
  ])('%j', async (options) => {
    const script = run(
      `const executor = new ProcessPoolExecutor({ maxWorkers: 1 });
       say(await executor.submit(() => process.execArgv));
       await executor.shutdown();`,
      { execArgv: [...options, '--conditions', 'production', '--throw-deprecation'] },
    );
    const kept = ['--conditions', 'production', '--throw-deprecation'];
    expect(await script.ended).toMatchObject({ ...WELL, said: [kept] });
  });
});

test('workers have a gc function where the program has one, and a leak is still found by it', async () => {
  const script = run(
    `const executor = new ProcessPoolExecutor({ maxWorkers: 1, memory: { leakThreshold: 20e6, checkDelay: 1 } });
     const recycled = new Promise((resolve) => executor.once('workerRecycled', resolve));
     const leak = () => {
       globalThis.kept = [...(globalThis.kept ?? []), Buffer.alloc(15e6, 1)];
       return typeof gc;
     };
     say(typeof gc);
     for (let round = 0; round < 5; round += 1) say(await executor.submit(leak));
     say((await recycled).reason);
     await executor.shutdown();`,
    { execArgv: ['--expose-gc', '--no-warnings'] },
  );
  const said = ['function', ...Array(5).fill('function'), 'memory-leak'];
  expect(await script.ended).toMatchObject({ ...WELL, said });
});

describe('a debugger of the program stays its own', () => {
  const port = 20_000 + (process.pid % 20_000); // one for each process that runs tests
  const program = `
    const executor = new ProcessPoolExecutor({ maxWorkers: 2, execArgv: [...process.execArgv, '--no-deprecation'] });
    await executor.prewarm();
    const read = async () => [(await import('node:inspector')).url() ?? 'closed', process.env.NODE_OPTIONS, process.noDeprecation];
    say(await executor.submit(read));
    await executor.shutdown();`;

  test.each([
    ['NODE_OPTIONS', [], `--inspect=${port} --title="a b"`],
    ['the command line', [`--inspect=127.0.0.1:${port}`], '--title="a b"'],
  ])('that was opened by %s', async (_, execArgv, NODE_OPTIONS) => {
    const { code, said, stderr } = await run(program, { execArgv, env: { NODE_OPTIONS } }).ended;
    expect({ code, said }).toEqual({ code: 0, said: [['closed', '--title="a b"', true]] });
    expect(stderr).not.toMatch(/address already in use/);
    expect(stderr.match(/Debugger listening/g)).toHaveLength(1);
  });
});
