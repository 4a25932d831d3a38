/** Which of the inspector's options are the program's own, among others, quoted and split as Node does. */
import { expect, test } from '@jest/globals';
import { execArgvForWorkers, nodeOptionsForWorkers } from '../../lib/options/node-options.ts';

test.each([
  ['--inspect', ''],
  ['--inspect=9229 --max-old-space-size=99', '--max-old-space-size=99'],
  ['--max-old-space-size=99 --inspect-brk', '--max-old-space-size=99'],
  ['--inspect-wait=127.0.0.1:9230', ''],
  ['--inspect_brk=9230 -r ./a.cjs', '-r ./a.cjs'],
  ['--inspect --inspect-port 9230 -r ./a.cjs', '-r ./a.cjs'],
  ['--debug-port=9230 --inspect-publish-uid=http --inspect', ''],
  ['"--inspect" --require "./with a space.cjs"', '--require "./with a space.cjs"'],
  ['--title="say \\"--inspect\\" twice" --inspect', '--title="say \\"--inspect\\" twice"'],
  ['--title=--inspect', '--title=--inspect'],
  ['--no-inspect  --title=a', '--no-inspect  --title=a'],
  ['--require "./unfinished --inspect', '--require "./unfinished --inspect'],
  ['--inspect=0 --title=a', '--inspect=0 --title=a'],
  ['--inspect --inspect-port=0', '--inspect --inspect-port=0'],
  ['--inspect-brk=0 --title=a', '--title=a'],
  ['', ''],
])('of NODE_OPTIONS %j workers get %j', (given, expected) => {
  expect(nodeOptionsForWorkers(given, given)).toBe(expected);
});

test('what was given for workers alone is theirs', () => {
  expect(nodeOptionsForWorkers('--inspect=9230', undefined)).toBe('--inspect=9230');
  expect(nodeOptionsForWorkers('--inspect=9230 --inspect', '--inspect')).toBe('--inspect=9230');
  expect(execArgvForWorkers(['--inspect=9230', '--title=a'], ['--inspect'])).toEqual([
    '--inspect=9230',
    '--title=a',
  ]);
  expect(execArgvForWorkers(['--inspect-port', '1', '--title=a'], ['--inspect-port', '1'])).toEqual([
    '--title=a',
  ]);
});
