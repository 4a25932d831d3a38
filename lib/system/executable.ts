/** What kind of program this is, where it is no Node that runs files. */

import { isAbsolute } from 'node:path';

/** In words; `undefined` for Node itself, and for Electron, which can be asked to be Node. */
export function executableKind(): string | undefined {
  if (process.getBuiltinModule?.('node:sea')?.isSea()) return 'a single executable application';
  if ('pkg' in process) return 'an executable made by pkg';
  return '__nexe' in process ? 'an executable made by nexe' : undefined;
}

/** The code is built into the executable: no file of it can be found beside the code, or be its main script. */
export function isOneExecutable(): boolean {
  return executableKind() !== undefined;
}

/** `process.execPath` as it was at the start: programs give it the path of a Node, so that it can be started. */
export function ownExecutable(): string {
  const [first = ''] = process.argv;
  return isAbsolute(first) ? first : process.execPath;
}

/** The name of a runtime that takes other options than Node. */
export function otherRuntime(): string | undefined {
  const { bun, deno } = process.versions;
  if (bun !== undefined) return 'Bun';
  return deno === undefined ? undefined : 'Deno';
}
