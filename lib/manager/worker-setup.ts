/** What every worker of a pool is started with: arguments, environment, settings, initializer. */
import {
  startWorkerProcess,
  type WorkerProcess,
  type WorkerProcessListener,
  type WorkerProcessSettings,
} from '../child/child-process.ts';
import { type Launched, launchWorker } from '../child/launch.ts';
import { newMark } from '../child/output.ts';
import type { ExecutorSettings } from '../options/executor-options.ts';
import type { Definition, HeldShare, Payload } from '../sending/common/payload.ts';
import type { Sender } from '../sending/sender.ts';
import { currentDepth } from '../system/depth.ts';
import { mainScript } from '../system/main-script.ts';
import { launchSettings } from './launch-settings.ts';

/** A call that every worker gets. */
export interface EncodedCall {
  readonly definitions: readonly Definition[];
  readonly payload: Payload;
}

export interface WorkerSetup {
  readonly initializer: EncodedCall | undefined;
  readonly teardown: EncodedCall | undefined;
  startProcess(rank: number, listener: WorkerProcessListener): WorkerProcess;
  /** No worker is started any more. */
  close(): void;
}

/**
 * @param launched The process of the first worker, if it was launched before.
 * @throws SerializationError if the initializer, its arguments or the teardown cannot be sent.
 */
export function createWorkerSetup(
  settings: ExecutorSettings,
  sender: Sender,
  executorId: number,
  launched?: Launched,
): WorkerSetup {
  const { preload, initializer, initArgs, teardown, cwd, memory, stdio, context, tasksPerWorker } = settings;
  const receiverSettings = sender.settings();
  let held: readonly HeldShare[] = [];
  let first = launched;
  const encoded = (fn: (...args: never[]) => unknown, args: readonly unknown[]): EncodedCall => {
    const call = sender.prepareCall(fn, args);
    for (const share of call.shares ?? []) share.hold();
    held = [...held, ...(call.shares ?? [])];
    return { definitions: call.definitions, payload: call.encode() };
  };
  const settingsFor = (rank: number): WorkerProcessSettings => ({
    stdio,
    start: {
      rank,
      executorId,
      depth: currentDepth() + 1,
      settings: receiverSettings,
      outputMark: stdio === 'events' ? newMark() : undefined,
      isShared: tasksPerWorker > 1,
      leakThreshold: memory.leakThreshold,
      leakCheckDelay: memory.checkDelay,
      preload,
      cwd,
      main: context.startMethod === 'loky_init_main' ? mainScript() : undefined,
    },
    launch() {
      const taken = first;
      first = undefined;
      return taken ?? launchWorker(launchSettings(settings, rank));
    },
  });
  return {
    // Encoded once, here: that there is no memory for it is an error of the constructor.
    initializer: initializer && encoded(initializer, initArgs),
    teardown: teardown && encoded(teardown, []),
    startProcess: (rank, listener) => startWorkerProcess(settingsFor(rank), listener),
    close() {
      for (const share of held) share.release();
      held = [];
    },
  };
}
