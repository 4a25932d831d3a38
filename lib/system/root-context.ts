/**
 * The async context of the program itself, outside of whatever request happens to use an executor. What outlives a
 * request (processes, sockets, timers) is made here: otherwise it would carry the request's `AsyncLocalStorage` into
 * all that it calls later, and keep it in memory.
 */
import { AsyncResource } from 'node:async_hooks';

/** Made when the package is loaded, which programs do before they serve requests. */
const root = new AsyncResource('Loky');
// This is no open handle: a tool that lists what keeps a program from ending (jest --detectOpenHandles) must not name it.
root.emitDestroy();

export function inRootContext<T>(run: () => T): T {
  return root.runInAsyncScope(run);
}
