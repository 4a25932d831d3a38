/** Tasks that write frames of streams and messages into the pipe of their worker: this costs their host nothing. */
import { describe, expect, test } from '@jest/globals';
import { TerminatedWorkerError } from 'loky';
import { HEADER_BYTES, MAGIC } from '../../lib/child/frames.ts';
import { FrameKind } from '../../lib/child/protocol.ts';
import { poolsOfEachTest, sleepFor, square } from '../executor/pools.ts';

const newPool = poolsOfEachTest();

interface Forged {
  readonly kind: number;
  readonly id: number;
  readonly body: readonly number[];
}

/** Each frame is written in one piece; no task of these tests has anything else in its pipe at that moment. */
function forge(frames: readonly Forged[], magic: number, headerBytes: number): void {
  for (const { kind, id, body } of frames) {
    const header = Buffer.alloc(headerBytes);
    header.set([magic, kind]);
    header.writeUInt32LE(id, 4);
    header.writeUInt32LE(body.length, 12);
    const whole = Buffer.concat([header, Buffer.from(body)]);
    for (let at = 0; at < whole.length; ) {
      try {
        at += process.getBuiltinModule('node:fs').writeSync(3, whole, at);
      } catch (error) {
        if ((error as { code?: string }).code !== 'EAGAIN') throw error;
      }
    }
  }
}

async function forgeAndWait(write: typeof forge, ...forged: Parameters<typeof forge>): Promise<void> {
  write(...forged);
  await new Promise((resolve) => setTimeout(resolve, 10_000));
}

/** A pool whose worker's tasks have known numbers: the first has 1. */
const isolatingPool = () => newPool({ onWorkerCrash: 'isolate', stdio: 'ignore' });
const frames = (kind: number, ids: readonly number[], body: readonly number[] = []): Forged[] =>
  ids.map((id) => ({ kind, id, body }));

const KINDS = FrameKind;
const OTHERS = [0, 2, 7, 2 ** 31, 2 ** 32 - 1];

describe('frames of tasks that are not there', () => {
  test.each(['yielded', 'stopping', 'messageTaken'] as const)('%s is passed over', async (kind) => {
    const executor = isolatingPool();
    const forged = frames(KINDS[kind], OTHERS, [255, 255, 255, 255]);
    const future = executor.submit(forge, forged, MAGIC, HEADER_BYTES);
    expect(await future).toBeUndefined();
    expect(await executor.submit(square, 3)).toBe(9);
  });
});

describe('frames that no worker sends for this task end the worker, and the host goes on', () => {
  test.each<[string, number, readonly number[]]>([
    ['a value of a task that is no stream', KINDS.yielded, [0]],
    ['a message taken that was not sent', KINDS.messageTaken, []],
    ['an order that is for workers', KINDS.stopStream, []],
    ['credit', KINDS.credit, [255, 255, 255, 255]],
    ['a stream', KINDS.stream, [1, 2, 3]],
  ])('%s', async (_, kind, body) => {
    const executor = isolatingPool();
    const future = executor.submit(forgeAndWait, forge, frames(kind, [1], body), MAGIC, HEADER_BYTES);
    const error = await future.exception();
    expect(error).toBeInstanceOf(TerminatedWorkerError);
    expect(error).toMatchObject({ reason: 'channel' });
    expect(await executor.submit(square, 3)).toBe(9);
  });

  test('more taken than were sent, of a task that has messages', async () => {
    const executor = isolatingPool();
    const forged = frames(KINDS.messageTaken, [1, 1, 1]);
    const future = executor.submit(forgeAndWait, forge, forged, MAGIC, HEADER_BYTES);
    future.send(1);
    future.send(2);
    expect(await future.exception()).toMatchObject({ reason: 'channel' });
  });

  test('more values than the stream may send: those that it may have arrived', async () => {
    const executor = isolatingPool();
    const stream = executor.stream(
      async function* (write: typeof forge, forged: Forged[], magic: number, headerBytes: number) {
        yield 'own';
        write(forged, magic, headerBytes);
        await new Promise((resolve) => setTimeout(resolve, 10_000));
      },
      forge,
      frames(KINDS.yielded, Array<number>(5000).fill(1), [0]),
      MAGIC,
      HEADER_BYTES,
    );
    expect((await stream.next()).value).toBe('own');
    await sleepFor(300); // the caller takes nothing meanwhile
    const outcome = await stream.toArray().catch((error: unknown) => error);
    expect(outcome).toBeInstanceOf(Error);
    expect(await executor.submit(square, 3)).toBe(9);
  });
});

test('frames by chance end the worker or nothing: every stream settles, and the pool runs on', async () => {
  const executor = newPool({
    maxWorkers: 2,
    onWorkerCrash: 'isolate',
    restartIntensity: { max: 1000, window: 1000 },
    stdio: 'ignore',
  });
  const kinds = [KINDS.yielded, KINDS.stopping, KINDS.messageTaken];
  for (let round = 0; round < 12; round += 1) {
    const stream = executor.stream(
      async function* (write: typeof forge, seed: number, all: number[], magic: number, headerBytes: number) {
        let state = seed;
        const random = (below: number): number => {
          state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
          return Math.floor((state / 2 ** 32) * below);
        };
        for (let count = 0; count < 30; count += 1) {
          const body = Array.from({ length: random(40) }, () => random(256));
          write([{ kind: all[random(3)] as number, id: random(2 * count + 4), body }], magic, headerBytes);
          yield count;
        }
      },
      forge,
      round * 7919,
      kinds,
      MAGIC,
      HEADER_BYTES,
    );
    if (round % 3 === 0) await stream.return().catch(() => {});
    else await stream.toArray().catch(() => {});
  }
  expect(await executor.submit(square, 3)).toBe(9);
});
