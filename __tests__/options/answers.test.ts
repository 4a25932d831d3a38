/** What those are told who write an option's name as somebody else does, or wrongly. */
import { afterEach, expect, test } from '@jest/globals';
import { checkShutdownOptions } from '../../lib/options/task-options.ts';
import { cpuCount } from '../../lib/system/cpu-count.ts';
import { getStartMethod, setStartMethod } from '../../lib/system/start-method.ts';

afterEach(() => setStartMethod(null, { force: true }));

test("cpuCount tells the name of loky's option", () => {
  expect(() => cpuCount({ only_physical_cores: true } as object)).toThrow(
    new TypeError('unknown option only_physical_cores of cpuCount: it is called onlyPhysicalCores here'),
  );
});

test('setStartMethod sets nothing for an option that is misspelled or of the wrong type', () => {
  setStartMethod('loky');
  for (const [options, message] of [
    [{ Force: true }, 'unknown option Force of setStartMethod: did you mean force? expected one of force'],
    [{ force: 'yes' }, 'force must be true or false, got "yes"'],
    [null, 'the options of setStartMethod must be an object, got null'],
  ] as const) {
    expect(() => setStartMethod('loky_init_main', options as object)).toThrow(new TypeError(message));
  }
  expect(getStartMethod()).toBe('loky');
});

test("loky's spelling of an option that is taken beside our own is not offered", () => {
  expect(() => checkShutdownOptions({ kill: true } as object)).toThrow(
    new TypeError('unknown option kill of shutdown: expected one of wait, killWorkers, cancelFutures'),
  );
  expect(checkShutdownOptions({ kill_workers: true } as object)).toEqual({ kill_workers: true });
});
