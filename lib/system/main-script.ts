/** The script that the host was started with, and its loading in a worker (`loky_init_main`). */
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';
import { isOneExecutable } from './executable.ts';
import { offer, offered, workerInfo } from './worker-link.ts';

/** With these, what comes first is an argument of a program that is no file. */
const HAS_NO_SCRIPT = /^(?:-e|-p|-pe|-i|--eval|--print|--interactive)(?:=|$)/;

let ofHost: { readonly url: string | undefined } | undefined;

/** Its URL; `undefined` if there is none (`node -e`, the REPL), and in a worker that did not load it. */
export function mainScript(): string | undefined {
  if (workerInfo() !== undefined) return offered('mainScript')?.url; // the script of this process is that of all workers
  ofHost ??= { url: scriptOfHost() };
  return ofHost.url;
}

function scriptOfHost(): string | undefined {
  const [, path] = process.argv;
  if (!path || isOneExecutable() || process.execArgv.some((option) => HAS_NO_SCRIPT.test(option)))
    return undefined;
  try {
    // `node app` starts app.js or app/index.js, and the path stays as it was written.
    return pathToFileURL(createRequire(path).resolve(path)).href;
  } catch {
    return undefined;
  }
}

/** For a worker, before its first task. */
export async function loadMainScript(url: string): Promise<void> {
  const main = { url, isLoaded: false };
  offer('mainScript', main);
  await import(url);
  main.isLoaded = true;
}

/**
 * For code that starts a worker: the main script, loaded by that worker, would start the next one, and so on.
 *
 * @throws Error while a worker loads the main script.
 */
export function checkMainScriptIsLoaded(): void {
  if (offered('mainScript')?.isLoaded !== false) return;
  throw new Error(
    "the main script starts workers while a worker loads it, which context 'loky_init_main' asks for; " +
      'let it start work only outside of workers: if (workerInfo() === undefined) { … }',
  );
}
