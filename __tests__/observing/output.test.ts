/** With `stdio: 'events'` each line comes with the task that wrote it, and none is lost, however the task ends. */
import { once } from 'node:events';
import { describe, expect, test } from '@jest/globals';
import type { OutputEvent, ProcessPoolExecutor } from 'loky';
import { createMarkReader, markOf, newMark } from '../../lib/child/output.ts';
import { TaskNames } from '../../lib/manager/task-names.ts';
import { poolsOfEachTest } from '../executor/pools.ts';

const newPool = poolsOfEachTest();

function collect(executor: ProcessPoolExecutor): OutputEvent[] {
  const events: OutputEvent[] = [];
  executor.on('output', (event) => events.push(event));
  return events;
}

describe('each line names the task that wrote it', () => {
  test('of thousands of short tasks, which are sent ahead, on both streams, with a line break or without', async () => {
    const executor = newPool({ stdio: 'events', maxWorkers: 2 });
    const events = collect(executor);
    const names = Array.from({ length: 2_000 }, (_, index) => `task-${index}`);
    const speak = (name: string): void => {
      console.log(name);
      process.stderr.write(name);
    };
    await Promise.all(names.map((name) => executor.withOptions({ name }).submit(speak, name)));
    await executor.shutdown();
    expect(events.filter(({ line, task }) => line !== task)).toEqual([]);
    for (const stream of ['stdout', 'stderr'] as const) {
      const lines = events.filter((event) => event.stream === stream).map(({ line }) => line);
      expect(lines.sort()).toEqual([...names].sort());
    }
  });

  test('also when it goes past Node, by the descriptor or by a process of its own', async () => {
    const executor = newPool({ stdio: 'events' });
    const events = collect(executor);
    const speak = (word: string): void => {
      process.getBuiltinModule('node:fs').writeSync(1, `${word} by descriptor\n`);
      process
        .getBuiltinModule('node:child_process')
        .execFileSync('echo', [`${word} by child`], { stdio: 'inherit' });
    };
    for (const name of ['one', 'two']) await executor.withOptions({ name }).submit(speak, name);
    await executor.shutdown();
    expect(events.map(({ task, line }) => `${task}: ${line}`)).toEqual(
      ['one', 'two'].flatMap((name) => [`${name}: ${name} by descriptor`, `${name}: ${name} by child`]),
    );
  });

  test('with the worker, and without a name before the first task', async () => {
    const executor = newPool({ stdio: 'events', initializer: () => console.log('getting ready') });
    const events = collect(executor);
    const pid = await executor.withOptions({ name: 'first' }).submit(() => {
      console.log('at work');
      return process.pid;
    });
    await executor.shutdown();
    const { executorId } = executor;
    expect(events).toEqual([
      {
        executorId,
        pid,
        rank: 0,
        stream: 'stdout',
        line: 'getting ready',
        task: undefined,
        isUnfinished: false,
      },
      { executorId, pid, rank: 0, stream: 'stdout', line: 'at work', task: 'first', isUnfinished: false },
    ]);
  });

  test('what a task prints after its result is still its own, until the next one begins', async () => {
    const executor = newPool({ stdio: 'events' });
    const events = collect(executor);
    await executor.withOptions({ name: 'first' }).submit(() => {
      const timer = setInterval(() => {
        if (!('somebodyRuns' in globalThis)) return;
        clearInterval(timer);
        console.log('late');
        Object.assign(globalThis, { isSaid: true });
      }, 5);
    });
    await executor.submit(async () => {
      Object.assign(globalThis, { somebodyRuns: true });
      while (!('isSaid' in globalThis)) await new Promise((resolve) => setTimeout(resolve, 5));
    });
    await executor.withOptions({ name: 'third' }).submit(() => console.log('on time'));
    await executor.shutdown();
    // The second one had begun: nobody can tell a timer's owner by its output.
    expect(events.map(({ task, line }) => `${task}: ${line}`)).toEqual([
      '(anonymous): late',
      'third: on time',
    ]);
  });

  test('a line without its end comes when its task ends, as unfinished, and so does half a character', async () => {
    const executor = newPool({ stdio: 'events' });
    const events = collect(executor);
    const arrived = async (count: number) => {
      while (events.length < count) await once(executor, 'output');
    };
    await executor.withOptions({ name: 'asks' }).submit(() => void process.stdout.write('one\ntwo? '));
    await arrived(2); // no other task runs that could bring it
    await executor.withOptions({ name: 'answers' }).submit(() => {
      process.getBuiltinModule('node:fs').writeSync(1, Buffer.from('\u20ac').subarray(0, 2));
    });
    await arrived(3);
    await executor.withOptions({ name: 'says' }).submit(() => console.log('yes'));
    await executor.shutdown();
    expect(events.map(({ task, line, isUnfinished }) => [task, line, isUnfinished])).toEqual([
      ['asks', 'one', false],
      ['asks', 'two? ', true],
      ['answers', '\ufffd', true],
      ['says', 'yes', false],
    ]);
  });

  test('and a task that closes its stdout harms nobody', async () => {
    const executor = newPool({ stdio: 'events' });
    await executor.submit(() => {
      process.stdout.end();
    });
    expect(await executor.submit(() => 'still here')).toBe('still here');
  });
});

const LINES = 20_000;

describe('no line is lost when a task prints very much and then', () => {
  const speakThen = (lines: number, end: 'exit' | 'kill' | 'throw later'): unknown => {
    for (let line = 0; line < lines; line += 1) {
      console.log(`out ${line} ${'x'.repeat(80)}`);
      console.error(`err ${line}`);
    }
    if (end === 'exit') process.exit(3);
    if (end === 'kill') process.kill(process.pid, 'SIGKILL');
    setTimeout(() => {
      throw new Error('later');
    }, 0);
    return new Promise(() => {});
  };

  test.each(['exit', 'kill', 'throw later'] as const)('ends its process (%s)', async (end) => {
    const executor = newPool({ stdio: 'events', onWorkerCrash: 'isolate' });
    const events = collect(executor);
    const future = executor.withOptions({ name: end }).submit(speakThen, LINES, end);
    expect(await future.exception()).toMatchObject({ name: 'TerminatedWorkerError', task: end });
    const ours = events.filter(({ line }) => /^(?:out|err) \d/.test(line)); // they come before the future settles
    expect(ours.filter(({ stream }) => stream === 'stdout')).toHaveLength(LINES);
    expect(ours.filter(({ stream }) => stream === 'stderr')).toHaveLength(LINES);
    expect(ours.every(({ task }) => task === end)).toBe(true);
  });

  test('ends its process: the last words on stderr are in the error, whatever stdio is', async () => {
    const executor = newPool({ onWorkerCrash: 'isolate', stdio: 'ignore' });
    const future = executor.submit(() => {
      for (let line = 0; line < 50_000; line += 1) console.error(`line ${line}`);
      process.exit(3);
    });
    expect(await future.exception()).toMatchObject({ stderr: expect.stringMatching(/line 49999\n$/) });
  });
});

describe('marks', () => {
  const read = (chunks: readonly Buffer[], mark: string): string => {
    let text = '';
    const reader = createMarkReader(
      mark,
      (bytes) => {
        text += bytes.toString();
      },
      (id) => {
        text += `<${id}>`;
      },
    );
    for (const chunk of chunks) reader.read(chunk);
    reader.end();
    return text;
  };

  test('are found wherever the stream is cut', () => {
    const mark = newMark();
    const stream = Buffer.from(
      `a${markOf(mark, 1)}b\0${markOf(mark, 4_294_967_295)}${markOf(mark, 3)}\0\0c\0`,
    );
    const expected = 'a<1>b\0<4294967295><3>\0\0c\0';
    expect(read([stream], mark)).toBe(expected);
    for (let cut = 0; cut <= stream.length; cut += 1)
      expect(read([stream.subarray(0, cut), stream.subarray(cut)], mark)).toBe(expected);
    expect(
      read(
        [...stream].map((byte) => Buffer.from([byte])),
        mark,
      ),
    ).toBe(expected);
  });

  test('of others, and halves of marks, are text', () => {
    const mark = newMark();
    const other = markOf(newMark(), 1);
    expect(read([Buffer.from(other)], mark)).toBe(other);
    const half = markOf(mark, 1).slice(0, -1);
    expect(read([Buffer.from(half)], mark)).toBe(half);
  });
});

test('names of tasks are forgotten once both streams have come further, and never pile up', () => {
  const names = new TaskNames();
  for (let id = 1; id <= 50_000; id += 1) names.add(id, `task ${id}`);
  expect(names.nameOf('stdout', 49_000)).toBe('task 49000');
  expect(names.nameOf('stderr', 49_500)).toBe('task 49500');
  expect(names.nameOf('stdout', 49_000)).toBe('task 49000');
  expect(names.nameOf('stdout', 10)).toBeUndefined();
  expect(names.nameOf('stderr', undefined)).toBeUndefined();
});
