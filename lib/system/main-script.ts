/** The script that the host was started with. */
import { realpathSync } from 'node:fs';
import { pathToFileURL } from 'node:url';

/** Its URL; `undefined` if there is none (`node -e`, the REPL). */
export function mainScript(): string | undefined {
  const path = process.argv[1];
  if (path === undefined) return undefined;
  try {
    return pathToFileURL(realpathSync(path)).href;
  } catch {
    return undefined;
  }
}
