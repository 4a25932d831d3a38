/** A trace context goes with its call in a frame of its own; without one, no frame is more or larger. */
import { expect, test } from '@jest/globals';
import { type FrameKind, FrameKind as Kind } from '../../lib/child/protocol.ts';
import type { Task } from '../../lib/manager/task.ts';
import { PoolWorker } from '../../lib/manager/worker.ts';
import type { WorkerSetup } from '../../lib/manager/worker-setup.ts';
import type { Payload } from '../../lib/sending/common/payload.ts';
import { createSender } from '../../lib/sending/sender.ts';

type Sent = readonly [kind: FrameKind, id: number, body: string | undefined];

function newWorker(): { readonly worker: PoolWorker; readonly sent: Sent[] } {
  const sent: Sent[] = [];
  const worker = new PoolWorker(0, false);
  const process = {
    ...{ pid: 1, claims: { post: (ids: number[]) => ids.length, clear() {} }, marksOutput: false },
    send: (kind: FrameKind, id: number, payload?: Payload) =>
      void sent.push([kind, id, payload && Buffer.from(payload.body).toString('latin1')]),
    channel: {
      sendInline(kind: FrameKind, id: number) {
        sent.push([kind, id, 'inline']);
        return true;
      },
    },
    leave() {},
    kill() {},
  };
  const setup = { startProcess: () => process } as unknown as WorkerSetup;
  const owner = { onReady() {}, onStartTooSlow() {}, onMessage() {}, onExit() {}, onGone() {} };
  worker.start(setup, 1000, owner, () => {});
  worker.startLimit?.stop();
  return { worker, sent };
}

const sender = createSender({});
const noop = () => undefined;

function taskOf(traceContext: string | undefined): Task {
  const call = sender.prepareCall(noop, []);
  return {
    call,
    definitions: call.definitions,
    traceContext,
    isChunk: false,
    name: 'noop',
    wireId: 7,
  } as unknown as Task;
}

test('without a context the frames are those of the call alone', () => {
  const { worker, sent } = newWorker();
  const task = taskOf(undefined);
  worker.run(task, 1, task.call.encode());
  expect(sent.map(([kind]) => kind).filter((kind) => kind !== Kind.define)).toEqual([
    Kind.announce,
    Kind.call,
  ]);
  sent.length = 0;
  expect(worker.runInline(task, 2)).toBe(true);
  worker.sendAhead([task], [task.call.encode()]);
  expect(sent.map(([kind]) => kind)).toEqual([Kind.call, Kind.callAhead]);
});

test('the context comes right before its call, with the number of it', () => {
  const { worker, sent } = newWorker();
  const task = taskOf('{"traceparent":"00-1-2-01"}');
  worker.run(task, 1, task.call.encode());
  expect(sent.slice(-2)).toEqual([
    [Kind.traceContext, 1, '{"traceparent":"00-1-2-01"}'],
    [Kind.call, 1, expect.any(String)],
  ]);
  sent.length = 0;
  expect(worker.runInline(task, 2)).toBe(false);
  expect(sent).toEqual([]);
  worker.sendAhead([task], [task.call.encode()]);
  expect(sent.map(([kind, id]) => [kind, id])).toEqual([
    [Kind.traceContext, 7],
    [Kind.callAhead, 7],
  ]);
});
