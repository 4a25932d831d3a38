/** What `LOKY_VIEW=port` does. Whatever goes wrong is a warning: the program knows nothing of the view. */
import { isMainThread } from 'node:worker_threads';
import { writeToHostStderr } from '../child/output.ts';
import { messageOf } from '../system/thrown.ts';
import { serveView } from './serve.ts';

/** @param port The value of the variable. */
export function serveViewOfProcess(port: string): void {
  if (!isMainThread) return; // a thread has the environment of its program, which has the port
  const token = process.env['LOKY_VIEW_TOKEN'];
  const options = { port: /^\d+$/.test(port) ? Number(port) : Number.NaN, ...(token ? { token } : {}) };
  serveView(options).then(
    ({ url }) => writeToHostStderr(Buffer.from(`loky: the live view is at ${url}\n`)),
    (error: unknown) => {
      process.emitWarning(`The live view could not be served (LOKY_VIEW=${port}): ${messageOf(error)}`, {
        type: 'LokyWarning',
        code: 'LOKY_VIEW_FAILED',
      });
    },
  );
}
