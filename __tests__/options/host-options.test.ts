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
    [['--inspect-port=0', '--expose-gc']],
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
