/** Worker processes import the modules of tasks, and with them this entry point: it must load little. */
import { execFileSync } from 'node:child_process';
import { expect, test } from '@jest/globals';

const printed = (...args: string[]): string =>
  execFileSync(process.execPath, args, { encoding: 'utf8', env: { ...process.env, NODE_OPTIONS: '' } });

const LOADED = 'Object.keys(require.cache).map((path) => require("node:path").basename(path)).sort().join()';

test('what defineTasks and jobInfo need, and nothing else', () => {
  const program = `
    const { defineTasks, jobInfo } = require('loky/bullmq');
    defineTasks('file:///tasks.js', { noop() {} });
    if (jobInfo() !== undefined) throw new Error();
    console.log(${LOADED});`;
  expect(printed('--eval', program).trim()).toBe('base.cjs,bullmq.cjs');
});

test('the rest comes with the first call, from CommonJS and from ES modules', () => {
  const call = `try { new BullMQExecutor({}); } catch (error) { console.log(error.message); }
    try { serveTasks({}); } catch (error) { console.log(error.message); }
    console.log(typeof processor(() => 1));`;
  const expected = [
    'BullMQExecutor needs the options queue, connection, tasks, but queue is missing',
    'serveTasks needs the options queue, connection, tasks, but queue is missing',
    'function\n',
  ].join('\n');
  const names = '{ BullMQExecutor, processor, serveTasks }';
  expect(printed('--eval', `const ${names} = require('loky/bullmq'); ${call}`)).toBe(expected);
  const flags = ['--input-type=module', '--eval'];
  expect(printed(...flags, `import ${names} from 'loky/bullmq'; ${call}`)).toBe(expected);
});
