/**
 * A manager whose workers are played by the test, step by step: no process is started. A fake worker reads its pipe in
 * order, claims what was sent ahead, and answers, as workers/task-loop.ts does.
 */
import type { WorkerProcess, WorkerProcessListener } from '../../lib/child/child-process.ts';
import type { ClaimLedger } from '../../lib/child/claims.ts';
import type { ExitReport } from '../../lib/child/exit-report.ts';
import { type Frame, FrameKind } from '../../lib/child/protocol.ts';
import { Manager } from '../../lib/manager/manager.ts';
import type { PoolEvents } from '../../lib/manager/pool-events.ts';
import type { TaskRequest } from '../../lib/manager/task.ts';
import { type ExecutorOptions, resolveExecutorOptions } from '../../lib/options/executor-options.ts';
import type { Definition, Payload, PreparedCall } from '../../lib/sending/common/payload.ts';
import type { Sender } from '../../lib/sending/sender.ts';

const NOTHING: Payload = { body: new Uint8Array(), views: [] };

interface Sent {
  readonly kind: FrameKind;
  readonly id: number;
  readonly body: Uint8Array;
}

/** The other end of a pool's worker. */
export class FakeWorker implements WorkerProcess {
  readonly pid: number;
  readonly marksOutput = false;
  readonly channel = undefined;
  /** What the host has sent and the worker has not read. */
  readonly pipe: Sent[] = [];
  /** Claims that neither side has read. */
  readonly #posted: number[] = [];
  /** What the worker has sent and the host has not read. */
  readonly answers: Frame[] = [];
  /** The call that it is at: the number of the frame, and of the call. */
  running: { readonly id: number; readonly call: number } | undefined;
  isKilled = false;
  /** The host has read that it is ready: its death is no failed start. */
  isReady = false;
  isGone = false;
  readonly #listener: WorkerProcessListener;
  readonly claims: ClaimLedger = {
    descriptor: 4,
    post: (ids) => this.#posted.push(...ids) && ids.length,
    revoke: () => this.#posted.splice(0),
    clear() {},
    close() {},
  };
  #claimed: number | undefined;

  constructor(pid: number, listener: WorkerProcessListener) {
    this.pid = pid;
    this.#listener = listener;
  }

  send(kind: FrameKind, id: number, payload: Payload = NOTHING): void {
    this.pipe.push({ kind, id, body: payload.body });
  }

  leave(): void {
    this.send(FrameKind.leave, 0);
  }

  kill(): void {
    this.isKilled = true;
  }

  /** Reads frames until a call begins, or nothing is left. Returns the number of the call that begins. */
  read(): number | undefined {
    while (!this.isKilled && this.running === undefined && this.pipe.length > 0) {
      const { kind, id, body } = this.pipe.shift() as Sent;
      if (kind === FrameKind.initialize) {
        this.#say(FrameKind.started, 0);
        this.#say(FrameKind.ready, 0);
      } else if (kind === FrameKind.leave) this.end(0);
      else if (kind === FrameKind.call || (kind === FrameKind.callAhead && this.#mayBegin(id))) {
        this.running = { id, call: Buffer.from(body).readUInt32LE() };
        return this.running.call;
      } else if (kind === FrameKind.callAhead) this.#say(FrameKind.handedBack, id);
    }
    return undefined;
  }

  #mayBegin(id: number): boolean {
    this.#claimed ??= this.#posted.shift();
    if (this.#claimed !== id) return false;
    this.#claimed = undefined;
    return true;
  }

  /** The calls that it is at, of a worker that runs several at once: the number of each frame, by the call. */
  readonly shared = new Map<number, number>();

  /** Reads all that was sent: calls begin as they come. Returns the numbers of those that begin. */
  readShared(): number[] {
    const begun: number[] = [];
    for (let call = this.read(); call !== undefined; call = this.read()) {
      const { id } = this.running as { id: number };
      this.#say(FrameKind.built, id);
      this.shared.set(call, id);
      this.running = undefined;
      begun.push(call);
    }
    return begun;
  }

  finishShared(call: number): void {
    this.running = { id: this.shared.get(call) as number, call };
    this.shared.delete(call);
    this.finish();
  }

  /** Answers the call that it is at with the number of the call. */
  finish(): void {
    if (this.running === undefined) return;
    const body = Buffer.alloc(4);
    body.writeUInt32LE(this.running.call);
    this.#say(FrameKind.value, this.running.id, body);
    this.running = undefined;
  }

  #say(kind: FrameKind, id: number, body: Uint8Array = NOTHING.body): void {
    this.answers.push({ kind, id, time: 10, body, views: [] });
  }

  /** The host reads the next thing that it has said. */
  deliver(): void {
    const frame = this.answers.shift();
    if (frame === undefined) return;
    this.isReady ||= frame.kind === FrameKind.ready;
    this.#listener.onFrame(frame);
  }

  /** Its process ends: the host reads what it had said, and then its end. */
  end(exitCode: number | undefined): void {
    if (this.isGone) return;
    this.isGone = true;
    while (this.answers.length > 0) this.deliver();
    const leftUnread = this.pipe.length > 0;
    this.pipe.length = 0;
    this.shared.clear();
    this.running = undefined;
    this.#listener.onExit(exitReport(this.pid, exitCode, leftUnread));
    this.#listener.onGone();
  }
}

const exitReport = (pid: number, exitCode: number | undefined, leftUnread: boolean): ExitReport => ({
  pid,
  exitCode,
  signal: exitCode === undefined ? 'SIGKILL' : undefined,
  stderr: '',
  startError: undefined,
  malformedFrame: undefined,
  closedChannel: false,
  leftUnread,
  killedByKernel: false,
});

const definition: Definition = { id: 1, payload: NOTHING };
/** Of one function, as the pool knows it: what is measured of one call counts for the next ones. */
const definitions = [definition];

/** A call whose answer is its number. */
export function callOf(
  call: number,
  encode?: () => Payload,
  settings: Partial<TaskRequest['settings']> = {},
): TaskRequest {
  const body = Buffer.alloc(4);
  body.writeUInt32LE(call);
  const prepared: PreparedCall = {
    name: `call ${call}`,
    definitions,
    encode: encode ?? (() => ({ body, views: [] })),
  };
  return {
    call: prepared,
    isChunk: false,
    itemCount: 1,
    settings: {
      timeout: undefined,
      signal: undefined,
      killGrace: 0,
      retries: 0,
      mayRetry: false,
      sharesWorker: false,
      priority: 0,
      name: undefined,
      bufferSize: undefined,
      ...settings,
    },
    submitSite: undefined,
  };
}

const sender: Sender = {
  prepareCall: () => callOf(0).call,
  decodeValue: ({ body }) => Buffer.from(body).readUInt32LE(),
  decodeOutcomes: () => [],
  settings: () => NOTHING,
  takeRetired: () => [],
  onLargeRetired() {},
  share() {
    throw new Error('nothing is shared here');
  },
};

const noEvents = new Proxy({ tasks: undefined, tap: undefined } as PoolEvents, {
  get: (events, name) => (name in events ? events[name as keyof PoolEvents] : () => {}),
});

export interface FakePool {
  readonly manager: Manager;
  /** Those that were started, in their order. */
  readonly workers: readonly FakeWorker[];
}

export function fakePool(options: ExecutorOptions): FakePool {
  const workers: FakeWorker[] = [];
  const manager = new Manager(
    resolveExecutorOptions(options),
    sender,
    {
      initializer: undefined,
      teardown: undefined,
      close() {},
      startProcess(_, listener) {
        const worker = new FakeWorker(workers.length + 1, listener);
        workers.push(worker);
        return worker;
      },
    },
    noEvents,
  );
  return { manager, workers };
}
