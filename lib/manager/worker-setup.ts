/** What every worker of a pool is started with: arguments, environment, settings, initializer. */

import {
  startWorkerProcess,
  type WorkerProcess,
  type WorkerProcessListener,
  type WorkerProcessSettings,
} from '../child/child-process.ts';
import { newMark } from '../child/output.ts';
import type { ExecutorSettings } from '../options/executor-options.ts';
import { nodeOptionsForWorkers } from '../options/node-options.ts';
import type { Definition, HeldShare, Payload } from '../sending/common/payload.ts';
import type { Sender } from '../sending/sender.ts';
import { environment, folder } from '../system/check.ts';
import { currentDepth, DEPTH_VARIABLE } from '../system/depth.ts';
import { checkMainScriptIsLoaded, mainScript } from '../system/main-script.ts';
import { withoutPrototype } from '../system/own.ts';

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

/** @throws SerializationError if the initializer, its arguments or the teardown cannot be sent. */
export function createWorkerSetup(
  settings: ExecutorSettings,
  sender: Sender,
  executorId: number,
): WorkerSetup {
  const {
    preload,
    initializer,
    initArgs,
    teardown,
    env,
    execArgv,
    execPath,
    argv,
    cwd,
    memory,
    stdio,
    context,
    tasksPerWorker,
  } = settings;
  const depth = currentDepth() + 1;
  const receiverSettings = sender.settings();
  let held: readonly HeldShare[] = [];
  const encoded = (fn: (...args: never[]) => unknown, args: readonly unknown[]): EncodedCall => {
    const call = sender.prepareCall(fn, args);
    for (const share of call.shares ?? []) share.hold();
    held = [...held, ...(call.shares ?? [])];
    return { definitions: call.definitions, payload: call.encode() };
  };
  const settingsFor = (rank: number): WorkerProcessSettings => {
    checkMainScriptIsLoaded();
    if (cwd !== undefined) folder(cwd, 'cwd'); // it was there when the executor was made
    return {
      execArgv,
      execPath,
      argv,
      stdio,
      env: {
        ...hostEnvironment(typeof env === 'function' ? environmentOf(env, rank) : env),
        [DEPTH_VARIABLE]: String(depth),
      },
      start: {
        rank,
        executorId,
        depth,
        settings: receiverSettings,
        outputMark: stdio === 'events' ? newMark() : undefined,
        isShared: tasksPerWorker > 1,
        leakThreshold: memory.leakThreshold,
        leakCheckDelay: memory.checkDelay,
        preload,
        cwd,
        main: context.startMethod === 'loky_init_main' ? mainScript() : undefined,
      },
    };
  };
  return {
    // Encoded once, here: that there is no memory for it is an error of the constructor.
    initializer: initializer && encoded(initializer, initArgs),
    teardown: teardown && encoded(teardown, []),
    startProcess: (rank, listener) => startWorkerProcess(() => settingsFor(rank), listener),
    close() {
      for (const share of held) share.release();
      held = [];
    },
  };
}

function environmentOf(env: (rank: number) => NodeJS.ProcessEnv, rank: number): NodeJS.ProcessEnv {
  const made = env(rank);
  environment(made, `env(${rank})`);
  return made;
}

/** A debugger of this program is not for its workers. */
function hostEnvironment(changes: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const { NODE_OPTIONS, ...others }: NodeJS.ProcessEnv = withoutPrototype({ ...process.env, ...changes });
  if (NODE_OPTIONS === undefined) return others;
  return { ...others, NODE_OPTIONS: nodeOptionsForWorkers(NODE_OPTIONS, process.env.NODE_OPTIONS) };
}
