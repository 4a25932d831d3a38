/**
 * The worker's task loop: a call comes in, is rebuilt, runs, and its outcome goes back. One task at a time, in
 * the order they came.
 */
import { createClaimReader } from '../lib/child/claims.ts';
import { type Channel, type Frame, FrameKind, type StartMessage } from '../lib/child/frames.ts';
import { END_OF_TASK } from '../lib/child/output.ts';
import type { Payload } from '../lib/sending/common/payload.ts';
import { createReceiver, type InlineAnswer, type Receiver } from '../lib/sending/receiver.ts';
import { importAs } from '../lib/sending/worker/modules.ts';
import { BusyPoll, WARM_AFTER } from '../lib/system/busy-poll.ts';
import { setWhileLoading } from '../lib/system/loading.ts';
import { loadMainScript } from '../lib/system/main-script.ts';
import { setProgressReport } from '../lib/system/report-progress.ts';
import { setTaskMessages } from '../lib/system/task-messages.ts';
import { setTaskSignal } from '../lib/system/task-signal.ts';
import { messageOf } from '../lib/system/thrown.ts';
import { setWorkerInfo } from '../lib/system/worker-info.ts';
import { setTrackerLink } from '../lib/watchdog/tracker-link.ts';
import { BuildReport } from './build-report.ts';
import { Inboxes } from './inbox.ts';
import { interruption, NONE, nextTurn, offerSignals } from './interruption.ts';
import { collectGarbage, createLeakCheck } from './leak-check.ts';
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

/** What the channel calls after the first frame. */
interface TaskLoop {
  readonly onFrame: (frame: Frame) => void;
  readonly onEnd: () => void;
}

/** Such a frame is for the task that runs, or the next one, and does not wait for its turn. */
function isForTask(kind: FrameKind): boolean {
  return kind >= FrameKind.credit && kind <= FrameKind.message;
}

export function runTaskLoop(settings: StartMessage, { writer, channel }: HostLink): TaskLoop {
  const waiting: Frame[] = [];
  const claims = createClaimReader(natives.readSync);
  const shared = new SharedMemory({ rss: natives.rss, collect: collectGarbage });
  const checkForLeak = createLeakCheck(settings.leakThreshold, settings.leakCheckDelay, {
    onGrowth: () => sendOfWorker(FrameKind.growing),
    onLeak: (figures) => {
      retiring = true;
      sendOfWorker(FrameKind.retire, Buffer.from(JSON.stringify(figures)));
    },
    held: () => shared.held,
    onUnmeasurable: (error) => sendOfWorker(FrameKind.unmeasurable, Buffer.from(messageOf(error))),
  });
  let retiring = false;
  let receiver: Receiver | undefined;
  let running = false;
  /** What is to run of the next chunk. */
  let part: ChunkPart | undefined;
  /** The number of the call that runs. */
  let current = NONE;
  /** Of the call that comes next. */
  let traceContext: string | undefined;
  const calls = new BusyPoll(() => natives.uptime() * 1e3, WARM_AFTER);

  const { outputMark } = settings;
  const markTask = outputMark === undefined ? undefined : markOutput(outputMark);
  if (outputMark !== undefined) writeToTheEnd('stdout');
  writeToTheEnd('stderr'); // a pipe to the host in any case

  const progressOutput: ProgressOutput = {
    encode: (value) => (receiver as Receiver).encodeValue(value),
    offer(id, payload) {
      channel.flush();
      return writer.offer(() => sendProgress(id, payload));
    },
    send: sendProgress,
  };
  const progress = createProgress(progressOutput);
  const inboxes = new Inboxes({
    decode: (frame) => (receiver as Receiver).decodeCall(frame),
    taken: (id) => sendAtOnce(FrameKind.messageTaken, id),
  });
  setTaskMessages(() => inboxes.messages());
  const report = new BuildReport(sendAtOnce);
  const sharedCalls = settings.isShared ? shareWorker() : undefined;
  setProgressReport(sharedCalls?.reportProgress ?? progress.report);
  setWhileLoading(sharedCalls?.whileLoading ?? report.whileLoading);
  if (sharedCalls === undefined) offerSignals(progress.callOfCaller);
  else setTaskSignal(sharedCalls.signal);
  /** Functions that are not ready yet, and are not called for. */
  const preparing = new Set<Promise<unknown>>();
  setTrackerLink((line) => sendOfWorker(FrameKind.resource, Buffer.from(line)));
  onceNobodyCatches(leaveBroken);

  return {
    onFrame(frame) {
      calls.arrived();
      if (frame.kind === FrameKind.interrupt) {
        // The call may have ended while this was on its way.
        if (frame.id === current || waiting.some(({ id, kind }) => id === frame.id && isCall(kind)))
          interruption.onFrame(frame);
        return;
      }
      const { byteOffset, byteLength, buffer } = frame.body;
      const isKept = byteOffset === 0 && byteLength === buffer.byteLength;
      // A small frame lies in memory that is used again for the next read.
      const kept = isKept ? frame : { ...frame, body: Buffer.from(frame.body) };
      if (isForTask(frame.kind)) {
        if (frame.kind === FrameKind.message) defineWaiting();
        inboxes.add(kept);
        return;
      }
      waiting.push(kept);
      if (!running) work().catch(leaveBroken);
    },
    onEnd() {
      waiting.length = 0;
      endWithHost();
    },
  };

  /** A synchronous task gives way to nothing, and may end this process: it leaves at once. */
  function sendProgress(id: number, { body, views }: Payload): void {
    channel.send(FrameKind.progress, id, body, views);
    channel.flush();
  }

  /** For the same reason, and this may not be held back or lost. */
  function sendAtOnce(kind: FrameKind, id: number, body?: Uint8Array): void {
    writer.toTheEnd(() => {
      channel.send(kind, id, body);
      channel.flush();
    });
  }

  function sendOfWorker(kind: FrameKind, body?: Uint8Array): void {
    sendAtOnce(kind, 0, body);
  }

  /** Called, not thrown to: a task can have rejections ignored. */
  function leaveBroken(error: unknown): void {
    void leaveAfterUncaught(channel, (thrown) => receiver?.encodeError(thrown), error);
  }

  async function work(): Promise<void> {
    running = true;
    receiver ??= await createReceiver(settings.settings);
    let last: Frame | undefined;
    for (let frame = waiting.shift(); frame !== undefined; frame = waiting.shift()) {
      const outcome = handle(frame, receiver);
      if (outcome !== undefined) await outcome;
      last = frame;
    }
    running = false;
    if (shared.isWorthCollecting && !sharedCalls?.count) shared.collect();
    if (last?.kind === FrameKind.call && sharedCalls === undefined) calls.expect();
  }

  function handle(frame: Frame, receiver: Receiver): Promise<void> | undefined {
    switch (frame.kind) {
      case FrameKind.define:
        return define(frame, receiver);
      case FrameKind.forget:
        receiver.forget(frame.id);
        shared.forget(frame.id);
        return undefined;
      case FrameKind.prepare:
        report.aside(() => prepare(frame.id, receiver));
        return undefined;
      case FrameKind.announce:
        if (frame.id === 0) reportPrepared();
        else (sharedCalls ?? report).announce(frame.id);
        return undefined;
      case FrameKind.initialize:
        return initialize(frame, receiver);
      case FrameKind.call:
      case FrameKind.chunk:
        if (retiring) return handBack(frame);
        if (sharedCalls !== undefined) return beginShared(sharedCalls, frame, receiver);
        return run(frame, receiver);
      case FrameKind.stream:
        return retiring ? handBack(frame) : run(frame, receiver);
      case FrameKind.claimed:
        part = partOf(frame);
        return undefined;
      case FrameKind.callAhead:
        return retiring || !claims.mayBegin(frame.id) ? handBack(frame) : run(frame, receiver);
      case FrameKind.traceContext:
        traceContext = Buffer.from(frame.body).toString();
        return undefined;
      case FrameKind.rank:
        setWorkerInfo({ rank: frame.id, depth: settings.depth, executorId: settings.executorId });
        return undefined;
      case FrameKind.teardown:
        return tearDown(frame, receiver);
      case FrameKind.leave:
        return leave(channel);
      default:
        throw new Error(`a worker has no use for a frame of kind ${frame.kind}`);
    }
  }

  function partOf({ id: claimedAtOnce, body }: Frame): ChunkPart {
    const items = Buffer.from(body).readUInt32LE();
    return { items, claimedAtOnce, mayGoOn: claims.mayBegin };
  }

  /** A message that a task takes while it runs may need what came before it. */
  function defineWaiting(): void {
    if (receiver === undefined || waiting.length === 0) return;
    for (const frame of waiting.splice(0)) {
      if (frame.kind === FrameKind.define) define(frame, receiver);
      else waiting.push(frame);
    }
  }

  /** A shared value is counted, whatever brought it. */
  function define(frame: Frame, receiver: Receiver): undefined {
    shared.define(frame, () => receiver.define(frame.id, frame));
  }

  function prepare(id: number, receiver: Receiver): void {
    const building = receiver.prepare(id);
    if (building === undefined) return;
    const done = (): void => void preparing.delete(building);
    preparing.add(building);
    building.then(done, done);
  }

  function reportPrepared(): void {
    void Promise.allSettled(preparing).then(() => sendOfWorker(FrameKind.built));
  }

  /** The host knows already, unless a task has spoilt the claims. */
  function handBack(frame: Frame): undefined {
    traceContext = undefined;
    channel.send(FrameKind.handedBack, frame.id);
  }

  async function initialize(frame: Frame, receiver: Receiver): Promise<void> {
    report.begin(0);
    if (!(await preload(receiver))) return;
    report.built();
    channel.send(FrameKind.started, 0);
    channel.flush();
    if (settings.main !== undefined) await loadMainScript(settings.main);
    const outcome = frame.body.length > 0 ? await runCall(receiver, frame, report) : undefined;
    report.end();
    if (outcome?.kind === FrameKind.error) {
      channel.send(FrameKind.initializerFailed, 0, outcome.payload?.body, outcome.payload?.views);
    } else channel.send(FrameKind.ready, 0);
  }

  async function tearDown(frame: Frame, receiver: Receiver): Promise<void> {
    const { kind, payload } = await runCall(receiver, frame, report);
    report.end();
    if (kind === FrameKind.error) channel.send(FrameKind.tornDown, 1, payload?.body, payload?.views);
    else channel.send(FrameKind.tornDown, 0);
    channel.flush();
  }

  /** Part of the boot. `false` if it failed: the host ends this process. */
  async function preload(receiver: Receiver): Promise<boolean> {
    for (const [index, { specifier, from }] of settings.preload.entries()) {
      try {
        await report.whileLoading(specifier, () => importAs(specifier, from));
      } catch (error) {
        const { body, views } = receiver.encodeError(error);
        channel.send(FrameKind.preloadFailed, index, body, views);
        return false;
      }
    }
    return true;
  }

  function run(frame: Frame, receiver: Receiver): Promise<void> | undefined {
    if (frame.id === interruption.id) return notBegun(frame);
    current = frame.id;
    markTask?.(frame.id);
    const storage = progress.begin(frame.id);
    inboxes.current = frame.id;
    inboxes.isRunning = true;
    const start = frame.kind === FrameKind.stream ? stream : runCall;
    let outcome: Outcome | Promise<Outcome>;
    if (traceContext !== undefined) {
      const context = traceContext;
      traceContext = undefined;
      const call = (): Outcome | Promise<Outcome> => start(receiver, frame, report, part);
      outcome = inTraceContext(context, storage === undefined ? call : () => storage.run(frame.id, call));
    } else if (storage === undefined) outcome = start(receiver, frame, report, part);
    else outcome = storage.run(frame.id, start, receiver, frame, report, part);
    return outcome instanceof Promise
      ? outcome.then((settled) => finishAfter(frame, settled))
      : finish(frame, outcome);
  }

  function beginShared(sharing: SharedCalls, frame: Frame, receiver: Receiver): undefined {
    const context = traceContext;
    traceContext = undefined;
    if (context === undefined) sharing.begin(frame, receiver);
    else inTraceContext(context, () => sharing.begin(frame, receiver));
  }

  /** Its future is settled: what the host waits for is that this worker is free. */
  function notBegun({ id }: Frame): undefined {
    interruption.ended();
    traceContext = undefined;
    if (part !== undefined) dropPart();
    channel.send(FrameKind.value, id);
  }

  function dropPart(): void {
    part = undefined;
    claims.drop();
  }

  /** If its abort has broken this worker, the worker dies with this task: it has no other one yet. */
  function finishAfter(frame: Frame, outcome: Outcome): Promise<void> | undefined {
    if (frame.id !== interruption.id) return finish(frame, outcome);
    return nextTurn().then(() => finish(frame, outcome));
  }

  function stream(receiver: Receiver, frame: Frame, report: BuildReport): Promise<Outcome> {
    const output: StreamOutput = {
      send: (value) => sendYielded(frame.id, value, receiver),
      stopping: () => channel.send(FrameKind.stopping, frame.id),
    };
    return runStream(receiver, frame, report, inboxes.of(frame.id), output);
  }

  function sendYielded(id: number, value: unknown, receiver: Receiver): Promise<void> | undefined {
    const inline = receiver.inlineValue(value);
    if (inline === undefined || !channel.sendInline(FrameKind.yielded, id, inline)) {
      const { body, views } = inline === undefined ? receiver.encodeValue(value) : inline.encode();
      channel.send(FrameKind.yielded, id, body, views);
    }
    channel.flush();
    return channel.isDrained ? undefined : drained(channel);
  }

  /** The next task begins when the result has left this process: what is finished is not lost with the worker. */
  function finish({ id }: Frame, { kind, payload, inline }: Outcome): Promise<void> | undefined {
    const time = Math.min((natives.uptime() - report.startedAt) * 1e6, LONGEST_TIME) >>> 0;
    report.end();
    progress.end();
    if (interruption.hasSignal || interruption.id === id) interruption.ended();
    current = NONE;
    inboxes.isRunning = false;
    if (inboxes.inbox !== undefined) inboxes.end();
    if (part !== undefined) dropPart();
    markTask?.(END_OF_TASK);
    if (inline === undefined || !channel.sendInline(kind, id, inline, time)) {
      const { body, views } = payload ?? (inline as InlineAnswer).encode();
      channel.send(kind, id, body, views, time);
    }
    channel.flush();
    if (channel.isDrained) return checkForLeak();
    return drained(channel)?.then(checkForLeak);
  }

  function shareWorker(): SharedCalls {
    let isCrowded = false;
    const output = {
      progress: progressOutput,
      sendAtOnce,
      mark: markTask,
      answer(id: number, { kind, payload, inline }: Outcome, startedAt: number): void {
        const time = Math.min((natives.uptime() - startedAt) * 1e6, LONGEST_TIME) >>> 0;
        const { body, views } = payload ?? (inline as InlineAnswer).encode();
        channel.send(kind, id, body, views, time);
        channel.flush();
      },
      /** The memory is measured while no call runs; if needed, the worker asks the host for such a moment. */
      onEnd(): void {
        if (sharing.count === 0) {
          isCrowded = false;
          if (shared.isWorthCollecting) shared.collect();
          if (channel.isDrained) checkForLeak();
        } else if (!isCrowded && checkForLeak.isWanted()) {
          isCrowded = true;
          sendOfWorker(FrameKind.crowded);
        }
      },
      onBroken: leaveBroken,
    };
    const sharing = createSharedCalls(output, report);
    return sharing;
  }
}

function isCall(kind: FrameKind): boolean {
  return kind === FrameKind.call || kind === FrameKind.callAhead || kind === FrameKind.chunk;
}
