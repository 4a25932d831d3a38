/**
 * Which program runs workers and helpers: Node, or none is started. An application that is its own executable would
 * start itself again, and its copies would do the same, without end.
 */
import { writeSync } from 'node:fs';
import { WorkerStartupError } from '../errors.ts';
import { entryPoint } from './entry-points.ts';
import { executableKind, isOneExecutable, otherRuntime, ownExecutable } from './executable.ts';
import { markStart, RUNS_SOMETHING_ELSE, startedInVainBy } from './start-mark.ts';
import { messageOf } from './thrown.ts';

/** Names the Node.js of a program whose code should not change. */
const EXEC_PATH_VARIABLE = 'LOKY_EXEC_PATH';

/** How Node is started for a script. */
interface NodeCommand {
  readonly command: string;
  /** To be part of its environment. */
  readonly env: Readonly<Record<string, string>>;
}

/** That of the last executor is also for the helpers of this process, which serve all executors. */
let lastChosen: string | undefined;

/** Programs that ran something else when they were started as a worker. */
const notNode = new Set<string>();

const WAY_OUT = `give the path of a Node.js as the option execPath, or in the environment variable ${EXEC_PATH_VARIABLE}`;

/**
 * @param script What Node is to run; what the process finds as its main script shows whether it does.
 * @param execPath Default: that of the executor that was made last.
 * @throws WorkerStartupError if that is no Node.
 */
export function nodeCommand(script: string, execPath?: string): NodeCommand {
  const command = execPath ?? lastChosen ?? defaultExecPath();
  assertIsNode(command);
  const asNode = process.versions.electron === undefined ? {} : { ELECTRON_RUN_AS_NODE: '1' };
  return { command, env: { ...markStart(script), ...asNode } };
}

/**
 * For the constructor of an executor: nothing is started later that is not Node.js.
 *
 * @throws WorkerStartupError if there is no Node for workers, or this process was itself started as one.
 */
export function chooseNode(execPath: string): void {
  assertIsNoCopy();
  assertIsNode(execPath);
  if (isOneExecutable()) assertIsShipped();
  lastChosen = execPath;
}

/** What runs workers unless the option says something else. */
export function defaultExecPath(): string {
  return process.env[EXEC_PATH_VARIABLE] || process.execPath;
}

/** It ran something else as a worker: no executor starts it again. */
export function noteNotNode(execPath: string): void {
  notNode.add(execPath);
}

/** The message about a program that ran something else. */
export function notNodeMessage(execPath: string): string {
  return `${execPath} is not Node.js: started as a worker, it runs a program of its own; ${WAY_OUT}`;
}

function assertIsNode(command: string): void {
  if (notNode.has(command)) throw new WorkerStartupError(`${notNodeMessage(command)}.`);
  const kind = command === ownExecutable() ? (executableKind() ?? otherRuntime()) : undefined;
  if (kind === undefined) return;
  throw new WorkerStartupError(
    `A worker is a Node.js process, and ${command} is ${kind}, which would run itself again in place of a worker: ${WAY_OUT}.`,
  );
}

function assertIsNoCopy(): void {
  const pid = startedInVainBy(workerScript());
  if (pid === undefined) return;
  const message = `This process ${RUNS_SOMETHING_ELSE}: process ${pid} took what it started to be Node.js. In process ${pid}, ${WAY_OUT}.`;
  try {
    writeSync(2, `${message}\n`); // an application that catches the error may keep running, and its host would wait for it
  } catch {} // the error alone says it
  throw new WorkerStartupError(message);
}

/** `undefined` where it was lost: then nothing was started with it. */
function workerScript(): string | undefined {
  try {
    return entryPoint('worker');
  } catch {
    return undefined;
  }
}

/** An executable has its files beside it, or it has none. */
function assertIsShipped(): void {
  try {
    entryPoint('worker');
  } catch (error) {
    throw new WorkerStartupError(messageOf(error), { cause: error });
  }
}
