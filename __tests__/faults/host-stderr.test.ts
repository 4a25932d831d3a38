/** What a worker writes to stderr goes to its host's, and ends nobody's program when that takes nothing. */
import { expect, test } from '@jest/globals';
import { type Script, scriptFolder } from '../executor/host-script.ts';

const run = scriptFolder();

/** A program that hangs is ended, and says so by its signal. */
async function endOf(script: Script) {
  const clock = setTimeout(() => script.child.kill('SIGKILL'), 8_000);
  return script.ended.finally(() => clearTimeout(clock));
}

const TALKS = `
  const executor = new ProcessPoolExecutor({ maxWorkers: 1 });
  const talk = async () => {
    for (let n = 0; n < 3; n += 1) {
      await executor.submit(() => { process.stderr.write('hello\\n'); });
      await sleep(50);
    }
    await executor.shutdown();
    say(process.stderr.listenerCount('error'));
  };
`;

test('a host whose stderr nobody reads any more goes on', async () => {
  const script = run(`${TALKS}
    process.once('SIGUSR2', talk);
    const waiting = setInterval(() => {}, 1_000);
    process.once('SIGUSR2', () => clearInterval(waiting));
    say('waits');
  `);
  await script.line();
  script.child.stderr?.destroy();
  script.child.kill('SIGUSR2');
  expect(await endOf(script)).toMatchObject({ code: 0, signal: null, said: ['waits', 0] });
});

test('and so does one whose process.stderr.write is a function of its own, which throws', async () => {
  const script = run(`${TALKS}
    process.stderr.write = () => { throw new Error('thrown by the patch'); };
    await talk();
  `);
  expect(await endOf(script)).toMatchObject({ code: 0, signal: null, said: [0] });
});
