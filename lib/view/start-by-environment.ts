/** `LOKY_VIEW=port`: the view of a program that knows nothing of it. Its code is loaded only if the variable is set. */
import { currentDepth } from '../system/depth.ts';
import * as view from './of-process.ts';

/** Loaded when it is asked for. */
const later = (): typeof view => view;

let isStarted = false;

/** With the first executor of the process. The workers, and what their tasks start, have the variable and serve nothing. */
export function startViewOfProcess(): void {
  const port = process.env['LOKY_VIEW'];
  if (isStarted || port === undefined || port === '' || currentDepth() > 0) return;
  isStarted = true;
  later().serveViewOfProcess(port);
}
