/**
 * The worker's task loop: a call comes in, is rebuilt, runs, and its outcome goes back. One task at a time, in
 * the order they came.
 */
import { createClaimReader } from '../lib/child/claims.ts';
import type { Channel } from '../lib/child/frames.ts';
import { END_OF_TASK } from '../lib/child/output.ts';
import { type Frame, FrameKind, readCount, type StartMessage } from '../lib/child/protocol.ts';
import type { Payload } from '../lib/sending/common/payload.ts';
import { createReceiver, type InlineAnswer, type Receiver } from '../lib/sending/receiver.ts';
import { importAs } from '../lib/sending/worker/modules.ts';
import { BusyPoll, WARM_AFTER } from '../lib/system/busy-poll.ts';
import { loadMainScript } from '../lib/system/main-script.ts';
import { messageOf } from '../lib/system/thrown.ts';
import { offer } from '../lib/system/worker-link.ts';
import { BuildReport } from './build-report.ts';
import { Inboxes } from './inbox.ts';
import { interruption, NONE, nextTurn, offerSignals } from './interruption.ts';
import { collectGarbage, createLeakCheck, type LeakCheck } from './leak-check.ts';
import { endWithHost, leave, leaveAfterUncaught } from './leaving.ts';
import { drained, natives } from './natives.ts';
import { markOutput, writeToTheEnd } from './output.ts';
import type { PipeWriter } from './pipe.ts';
import { createProgress, type ProgressOutput } from './progress.ts';
import { type ChunkPart, type Outcome, runCall } from './run-call.ts';
import { runStream, type StreamOutput } from './run-stream.ts';
import { createSharedCalls, type SharedCalls } from './shared-calls.ts';
import { SharedMemory } from './shared-memory.ts';
import { inTraceContext } from './trace-context.ts';
import { onceNobodyCatches } from './uncaught.ts';

/** What fits into a frame, in microseconds. */
const LONGEST_TIME = 2 ** 32 - 1;

/** The worker's end of what leads to its host. */
interface HostLink {
  readonly writer: PipeWriter;
  readonly channel: Channel;
}

/** Such a frame is for the task that runs, or the next one, and does not wait for its turn. */
function isForTask(kind: FrameKind): boolean {
  return kind >= FrameKind.credit && kind <= FrameKind.message;
}

export class TaskLoop {
  readonly #settings: StartMessage;
  readonly #writer: PipeWriter;
  readonly #channel: Channel;
  readonly #waiting: Frame[] = [];
  readonly #claims = createClaimReader(natives.readSync);
  readonly #shared = new SharedMemory({ rss: natives.rss, collect: collectGarbage });
  readonly #checkForLeak: LeakCheck;
  #retiring = false;
  #receiver: Receiver | undefined;
  #running = false;
  /** What is to run of the next chunk. */
  #part: ChunkPart | undefined;
  /** The number of the call that runs. */
  #current = NONE;
  /** Of the call that comes next. */
  #traceContext: string | undefined;
  readonly #calls = new BusyPoll(() => natives.uptime() * 1e3, WARM_AFTER);
  readonly #markTask: ((id: number) => void) | undefined;
  readonly #progressOutput: ProgressOutput = {
    encode: (value) => (this.#receiver as Receiver).encodeValue(value),
    offer: (id, payload) => {
      this.#channel.flush();
      return this.#writer.offer(() => this.#sendProgress(id, payload));
    },
    send: (id, payload) => this.#sendProgress(id, payload),
  };
  readonly #progress = createProgress(this.#progressOutput);
  readonly #inboxes = new Inboxes({
    decode: (frame) => (this.#receiver as Receiver).decodeCall(frame),
    taken: (id) => this.#sendAtOnce(FrameKind.messageTaken, id),
  });
  readonly #report = new BuildReport((kind, id, body) => this.#sendAtOnce(kind, id, body));
  readonly #sharedCalls: SharedCalls | undefined;
  /** Functions that are not ready yet, and are not called for. */
  readonly #preparing = new Set<Promise<unknown>>();

  constructor(settings: StartMessage, { writer, channel }: HostLink) {
    this.#settings = settings;
    this.#writer = writer;
    this.#channel = channel;
    this.#checkForLeak = createLeakCheck(settings.leakThreshold, settings.leakCheckDelay, {
      onGrowth: () => this.#sendOfWorker(FrameKind.growing),
      onLeak: (figures) => {
        this.#retiring = true;
        this.#sendOfWorker(FrameKind.retire, Buffer.from(JSON.stringify(figures)));
      },
      held: () => this.#shared.held,
      onUnmeasurable: (error) => this.#sendOfWorker(FrameKind.unmeasurable, Buffer.from(messageOf(error))),
    });
    const { outputMark } = settings;
    this.#markTask = outputMark === undefined ? undefined : markOutput(outputMark);
    if (outputMark !== undefined) writeToTheEnd('stdout');
    writeToTheEnd('stderr'); // a pipe to the host in any case
    this.#sharedCalls = settings.isShared ? this.#shareWorker() : undefined;
    this.#serveTasks();
  }

  /** What a task asks its worker for, and what it may do to it. */
  #serveTasks(): void {
    const sharing = this.#sharedCalls;
    this.#takeRank(this.#settings.rank);
    offer('taskMessages', () => this.#inboxes.messages());
    offer('reportProgress', sharing?.reportProgress ?? this.#progress.report);
    offer('whileLoading', sharing?.whileLoading ?? this.#report.whileLoading);
    if (sharing === undefined) offerSignals(this.#progress.callOfCaller);
    else offer('taskSignal', sharing.signal);
    offer('trackerLink', (line) => this.#sendOfWorker(FrameKind.resource, Buffer.from(line)));
    onceNobodyCatches(this.#leaveBroken);
  }

  /** The channel calls it for each frame after the first one. */
  readonly onFrame = (frame: Frame): void => {
    this.#calls.arrived();
    if (frame.kind === FrameKind.interrupt) {
      // The call may have ended while this was on its way.
      if (frame.id === this.#current || this.#waiting.some(({ id, kind }) => id === frame.id && isCall(kind)))
        interruption.onFrame(frame);
      return;
    }
    const { byteOffset, byteLength, buffer } = frame.body;
    const isKept = byteOffset === 0 && byteLength === buffer.byteLength;
    // A small frame lies in memory that is used again for the next read.
    const kept = isKept ? frame : { ...frame, body: Buffer.from(frame.body) };
    if (isForTask(frame.kind)) {
      if (frame.kind === FrameKind.message) this.#defineWaiting();
      this.#inboxes.add(kept);
      return;
    }
    this.#waiting.push(kept);
    if (!this.#running) this.#work().catch(this.#leaveBroken);
  };

  onEnd(): void {
    this.#waiting.length = 0;
    endWithHost();
  }

  /** A synchronous task gives way to nothing, and may end this process: it leaves at once. */
  #sendProgress(id: number, { body, views }: Payload): void {
    this.#channel.send(FrameKind.progress, id, body, views);
    this.#channel.flush();
  }

  /** For the same reason, and this may not be held back or lost. */
  #sendAtOnce(kind: FrameKind, id: number, body?: Uint8Array): void {
    this.#writer.toTheEnd(() => {
      this.#channel.send(kind, id, body);
      this.#channel.flush();
    });
  }

  #sendOfWorker(kind: FrameKind, body?: Uint8Array): void {
    this.#sendAtOnce(kind, 0, body);
  }

  /** Called, not thrown to: a task can have rejections ignored. */
  readonly #leaveBroken = (error: unknown): void => {
    void leaveAfterUncaught(this.#channel, (thrown) => this.#receiver?.encodeError(thrown), error);
  };

  async #work(): Promise<void> {
    this.#running = true;
    this.#receiver ??= await createReceiver(this.#settings.settings);
    let last: Frame | undefined;
    for (let frame = this.#waiting.shift(); frame !== undefined; frame = this.#waiting.shift()) {
      const outcome = this.#handle(frame, this.#receiver);
      if (outcome !== undefined) await outcome;
      last = frame;
    }
    this.#running = false;
    if (this.#shared.isWorthCollecting && !this.#sharedCalls?.count) this.#shared.collect();
    if (last?.kind === FrameKind.call && this.#sharedCalls === undefined) this.#calls.expect();
  }

  #handle(frame: Frame, receiver: Receiver): Promise<void> | undefined {
    switch (frame.kind) {
      case FrameKind.define:
        return this.#define(frame, receiver);
      case FrameKind.forget:
        receiver.forget(frame.id);
        this.#shared.forget(frame.id);
        return undefined;
      case FrameKind.prepare:
        this.#report.aside(() => this.#prepare(frame.id, receiver));
        return undefined;
      case FrameKind.announce:
        if (frame.id === 0) this.#reportPrepared();
        else (this.#sharedCalls ?? this.#report).announce(frame.id);
        return undefined;
      case FrameKind.initialize:
        return this.#initialize(frame, receiver);
      case FrameKind.call:
      case FrameKind.chunk:
        if (this.#retiring) return this.#handBack(frame);
        if (this.#sharedCalls !== undefined) return this.#beginShared(this.#sharedCalls, frame, receiver);
        return this.#run(frame, receiver);
      case FrameKind.stream:
        return this.#retiring ? this.#handBack(frame) : this.#run(frame, receiver);
      case FrameKind.claimed:
        this.#part = this.#partOf(frame);
        return undefined;
      case FrameKind.callAhead:
        return this.#retiring || !this.#claims.mayBegin(frame.id)
          ? this.#handBack(frame)
          : this.#run(frame, receiver);
      case FrameKind.traceContext:
        this.#traceContext = Buffer.from(frame.body).toString();
        return undefined;
      case FrameKind.rank:
        return this.#takeRank(frame.id);
      case FrameKind.teardown:
        return this.#tearDown(frame, receiver);
      case FrameKind.leave:
        return leave(this.#channel);
      default:
        throw new Error(`a worker has no use for a frame of kind ${frame.kind}`);
    }
  }

  #takeRank(rank: number): undefined {
    const { depth, executorId } = this.#settings;
    offer('workerInfo', Object.freeze({ rank, depth, executorId }));
  }

  #partOf({ id: claimedAtOnce, body }: Frame): ChunkPart {
    return { items: readCount(body), claimedAtOnce, mayGoOn: this.#claims.mayBegin };
  }

  /** A message that a task takes while it runs may need what came before it. */
  #defineWaiting(): void {
    if (this.#receiver === undefined || this.#waiting.length === 0) return;
    for (const frame of this.#waiting.splice(0)) {
      if (frame.kind === FrameKind.define) this.#define(frame, this.#receiver);
      else this.#waiting.push(frame);
    }
  }

  /** A shared value is counted, whatever brought it. */
  #define(frame: Frame, receiver: Receiver): undefined {
    this.#shared.define(frame, () => receiver.define(frame.id, frame));
  }

  #prepare(id: number, receiver: Receiver): void {
    const building = receiver.prepare(id);
    if (building === undefined) return;
    const done = (): void => void this.#preparing.delete(building);
    this.#preparing.add(building);
    building.then(done, done);
  }

  #reportPrepared(): void {
    void Promise.allSettled(this.#preparing).then(() => this.#sendOfWorker(FrameKind.built));
  }

  /** The host knows already, unless a task has spoilt the claims. */
  #handBack(frame: Frame): undefined {
    this.#traceContext = undefined;
    this.#channel.send(FrameKind.handedBack, frame.id);
  }

  async #initialize(frame: Frame, receiver: Receiver): Promise<void> {
    this.#report.begin(0);
    if (!(await this.#preload(receiver))) return;
    this.#report.built();
    this.#channel.send(FrameKind.started, 0);
    this.#channel.flush();
    if (this.#settings.main !== undefined) await loadMainScript(this.#settings.main);
    const outcome = frame.body.length > 0 ? await runCall(receiver, frame, this.#report) : undefined;
    this.#report.end();
    if (outcome?.kind === FrameKind.error) {
      this.#channel.send(FrameKind.initializerFailed, 0, outcome.payload?.body, outcome.payload?.views);
    } else this.#channel.send(FrameKind.ready, 0);
  }

  async #tearDown(frame: Frame, receiver: Receiver): Promise<void> {
    const { kind, payload } = await runCall(receiver, frame, this.#report);
    this.#report.end();
    if (kind === FrameKind.error) this.#channel.send(FrameKind.tornDown, 1, payload?.body, payload?.views);
    else this.#channel.send(FrameKind.tornDown, 0);
    this.#channel.flush();
  }

  /** Part of the boot. `false` if it failed: the host ends this process. */
  async #preload(receiver: Receiver): Promise<boolean> {
    for (const [index, { specifier, from }] of this.#settings.preload.entries()) {
      try {
        await this.#report.whileLoading(specifier, () => importAs(specifier, from));
      } catch (error) {
        const { body, views } = receiver.encodeError(error);
        this.#channel.send(FrameKind.preloadFailed, index, body, views);
        return false;
      }
    }
    return true;
  }

  #run(frame: Frame, receiver: Receiver): Promise<void> | undefined {
    if (frame.id === interruption.id) return this.#notBegun(frame);
    this.#current = frame.id;
    this.#markTask?.(frame.id);
    const storage = this.#progress.begin(frame.id);
    this.#inboxes.current = frame.id;
    this.#inboxes.isRunning = true;
    const start = frame.kind === FrameKind.stream ? this.#stream : runCall;
    let outcome: Outcome | Promise<Outcome>;
    if (this.#traceContext !== undefined) {
      const context = this.#traceContext;
      this.#traceContext = undefined;
      const call = (): Outcome | Promise<Outcome> => start(receiver, frame, this.#report, this.#part);
      outcome = inTraceContext(context, storage === undefined ? call : () => storage.run(frame.id, call));
    } else if (storage === undefined) outcome = start(receiver, frame, this.#report, this.#part);
    else outcome = storage.run(frame.id, start, receiver, frame, this.#report, this.#part);
    return outcome instanceof Promise
      ? outcome.then((settled) => this.#finishAfter(frame, settled))
      : this.#finish(frame, outcome);
  }

  #beginShared(sharing: SharedCalls, frame: Frame, receiver: Receiver): undefined {
    const context = this.#traceContext;
    this.#traceContext = undefined;
    if (context === undefined) sharing.begin(frame, receiver);
    else inTraceContext(context, () => sharing.begin(frame, receiver));
  }

  /** Its future is settled: what the host waits for is that this worker is free. */
  #notBegun({ id }: Frame): undefined {
    interruption.ended();
    this.#traceContext = undefined;
    if (this.#part !== undefined) this.#dropPart();
    this.#channel.send(FrameKind.value, id);
  }

  #dropPart(): void {
    this.#part = undefined;
    this.#claims.drop();
  }

  /** If its abort has broken this worker, the worker dies with this task: it has no other one yet. */
  #finishAfter(frame: Frame, outcome: Outcome): Promise<void> | undefined {
    if (frame.id !== interruption.id) return this.#finish(frame, outcome);
    return nextTurn().then(() => this.#finish(frame, outcome));
  }

  readonly #stream = (receiver: Receiver, frame: Frame, report: BuildReport): Promise<Outcome> => {
    const output: StreamOutput = {
      send: (value) => this.#sendYielded(frame.id, value, receiver),
      stopping: () => this.#channel.send(FrameKind.stopping, frame.id),
    };
    return runStream(receiver, frame, report, this.#inboxes.of(frame.id), output);
  };

  #sendYielded(id: number, value: unknown, receiver: Receiver): Promise<void> | undefined {
    const inline = receiver.inlineValue(value);
    if (inline === undefined || !this.#channel.sendInline(FrameKind.yielded, id, inline)) {
      const { body, views } = inline === undefined ? receiver.encodeValue(value) : inline.encode();
      this.#channel.send(FrameKind.yielded, id, body, views);
    }
    this.#channel.flush();
    return this.#channel.isDrained ? undefined : drained(this.#channel);
  }

  /** The next task begins when the result has left this process: what is finished is not lost with the worker. */
  #finish({ id }: Frame, { kind, payload, inline }: Outcome): Promise<void> | undefined {
    const time = Math.min((natives.uptime() - this.#report.startedAt) * 1e6, LONGEST_TIME) >>> 0;
    this.#report.end();
    this.#progress.end();
    if (interruption.hasSignal || interruption.id === id) interruption.ended();
    this.#current = NONE;
    this.#inboxes.isRunning = false;
    if (this.#inboxes.inbox !== undefined) this.#inboxes.end();
    if (this.#part !== undefined) this.#dropPart();
    this.#markTask?.(END_OF_TASK);
    if (inline === undefined || !this.#channel.sendInline(kind, id, inline, time)) {
      const { body, views } = payload ?? (inline as InlineAnswer).encode();
      this.#channel.send(kind, id, body, views, time);
    }
    this.#channel.flush();
    if (this.#channel.isDrained) return this.#checkForLeak();
    return drained(this.#channel)?.then(this.#checkForLeak);
  }

  #shareWorker(): SharedCalls {
    let isCrowded = false;
    const output = {
      progress: this.#progressOutput,
      sendAtOnce: (kind: FrameKind, id: number, body?: Uint8Array) => this.#sendAtOnce(kind, id, body),
      mark: this.#markTask,
      answer: (id: number, { kind, payload, inline }: Outcome, startedAt: number): void => {
        const time = Math.min((natives.uptime() - startedAt) * 1e6, LONGEST_TIME) >>> 0;
        const { body, views } = payload ?? (inline as InlineAnswer).encode();
        this.#channel.send(kind, id, body, views, time);
        this.#channel.flush();
      },
      /** The memory is measured while no call runs; if needed, the worker asks the host for such a moment. */
      onEnd: (): void => {
        if (sharing.count === 0) {
          isCrowded = false;
          if (this.#shared.isWorthCollecting) this.#shared.collect();
          if (this.#channel.isDrained) this.#checkForLeak();
        } else if (!isCrowded && this.#checkForLeak.isWanted()) {
          isCrowded = true;
          this.#sendOfWorker(FrameKind.crowded);
        }
      },
      onBroken: this.#leaveBroken,
    };
    const sharing = createSharedCalls(output, this.#report);
    return sharing;
  }
}

function isCall(kind: FrameKind): boolean {
  return kind === FrameKind.call || kind === FrameKind.callAhead || kind === FrameKind.chunk;
}
