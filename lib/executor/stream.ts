/** `stream`: a generator function runs as a task, and its values come out as an async iterator. */
import { types } from 'node:util';
import type { Manager } from '../manager/manager.ts';
import type { TaskRequest, TaskSettings } from '../manager/task.ts';
import { needsOwnWorker } from '../options/own-worker.ts';
import { nameOf } from '../system/function-name.ts';
import { recordSubmitSite, withSubmitSite } from '../system/submit-site.ts';
import type { ResultIterator } from './executor.ts';
import { hintAtOptions } from './options-as-argument.ts';
import { type AnyFunction, noFunction } from './pool-view.ts';
import { ValueStream } from './value-stream.ts';

/** An unreachable stream is ended: its generator would wait forever, and its worker with it. */
const abandoned = new FinalizationRegistry<ValueStream>((stream) => {
  stream.stop().catch(() => {});
});

/** @param above The public method whose caller is the submit site. */
export function streamOn(
  pool: Manager,
  settings: TaskSettings,
  above: AnyFunction,
  fn: AnyFunction,
  args: readonly unknown[],
): ResultIterator<unknown> {
  assertGenerator(fn);
  if (settings.sharesWorker) throw needsOwnWorker('stream', 'does not send its values one by one');
  if (args.length > 0) hintAtOptions(pool, fn, args);
  pool.expectRoom();
  const submitSite = recordSubmitSite(above);
  const stream = new ValueStream(settings.bufferSize);
  let request: TaskRequest | undefined;
  try {
    request = pool.prepare(fn, args, { settings, submitSite, isChunk: false, stream });
  } catch (error) {
    stream.settled('failed', withSubmitSite(error, submitSite));
  }
  if (request !== undefined) pool.submit(request);
  return iteratorOf(stream);
}

/** Of a bound function and of a proxy it cannot be seen: the worker sees what a call of it gives. */
function assertGenerator(fn: unknown): void {
  if (typeof fn !== 'function') throw noFunction(fn, 'stream');
  if (types.isGeneratorFunction(fn) || types.isProxy(fn)) return;
  if (/\{\s*\[native code\]\s*\}\s*$/.test(Function.prototype.toString.call(fn))) return;
  const name = nameOf(fn as AnyFunction);
  throw new TypeError(
    `stream expects a generator function, but ${name === '' ? 'the function' : `the function ${JSON.stringify(name)}`} is not one: ` +
      'write it as function* or async function*, or use submit for a single result',
  );
}

function iteratorOf(stream: ValueStream): ResultIterator<unknown> {
  const iterator: ResultIterator<unknown> = {
    next: () => stream.next(iterator),
    async return(value) {
      await stream.stop();
      return { value: (await value) as undefined, done: true };
    },
    async toArray() {
      const all: unknown[] = [];
      for (let each = await iterator.next(); each.done !== true; each = await iterator.next())
        all.push(each.value);
      return all;
    },
    [Symbol.asyncIterator]() {
      return this;
    },
    [Symbol.asyncDispose]: () => stream.stop(),
  };
  abandoned.register(iterator, stream);
  return iterator;
}
