/**
 * What V8 knows of the scripts that it has loaded, by their numbers. The debugger is asked last, and off again at once:
 * left on it makes every `await` slower, and turning it on takes its time.
 */
import { listening, post } from './inspector-session.ts';

interface ScriptView {
  readonly url: string;
  /** As V8 runs it. */
  readonly text: string;
  readonly isModule: boolean;
}

interface Coverage {
  readonly result: readonly { readonly scriptId: string; readonly url: string }[];
}

/** Those of `eval` come without end. */
const LIMIT = 10_000;
const urls = new Map<string, string>();

/** A worker compiles a text that has a map under a name of its own. */
export const withoutMark = (name: string): string => name.replace(/\?loky=\d+$/, '');

/** Undefined if there is no such script; empty if it has no name. */
export function scriptUrl(scriptId: string): string | undefined {
  const known = urls.get(scriptId);
  if (known !== undefined) return known;
  if (urls.size > LIMIT) urls.clear();
  // Lists the scripts with their names and counts what it has seen so far: it starts no measurement, and stops none.
  const { result } = post<Coverage>('Profiler.getBestEffortCoverage');
  for (const script of result) urls.set(script.scriptId, withoutMark(script.url));
  return urls.get(scriptId);
}

/** The same of a script of which nothing has run yet: the list above leaves it out. */
export const nameOfScript = (scriptId: string): string | undefined =>
  scriptUrl(scriptId) ?? viewScript(scriptId)?.url;

interface Listed {
  readonly url: string;
  readonly isModule: boolean;
}

/** All scripts by their numbers, while the debugger is on. */
let listed: Map<string, Listed> | undefined;
let holds = 0;

/**
 * What the debugger is asked meanwhile turns it on once: a bundle for `eval` has a script for each of its modules, and
 * turning it on lists them all.
 */
export function holdingDebugger<T>(action: () => T): T {
  holds++;
  try {
    return action();
  } finally {
    holds--;
    if (holds === 0 && listed) turnOff();
  }
}

export const viewScript = (scriptId: string): ScriptView | undefined =>
  holdingDebugger(() => {
    const script = listedScript(scriptId);
    if (!script) return undefined;
    const text = script.url.startsWith('node:')
      ? ''
      : post<{ scriptSource: string }>('Debugger.getScriptSource', { scriptId }).scriptSource;
    return { ...script, text };
  });

function listedScript(scriptId: string): Listed | undefined {
  const found = listed?.get(scriptId);
  if (found) return found;
  if (listed) turnOff(); // the script is younger than the list
  return list().get(scriptId);
}

function list(): Map<string, Listed> {
  const scripts = new Map<string, Listed>();
  const onScript = ({ params }: { params: { scriptId: string; url: string; isModule?: boolean } }): void => {
    const url = withoutMark(params.url);
    urls.set(params.scriptId, url);
    scripts.set(params.scriptId, { url, isModule: params.isModule === true });
  };
  listed = scripts;
  listening('Debugger.scriptParsed', onScript, () => {
    post('Debugger.enable');
    // A getter or a reducer that is called meanwhile may have a `debugger` statement.
    post('Debugger.setSkipAllPauses', { skip: true });
  });
  return scripts;
}

function turnOff(): void {
  listed = undefined;
  post('Debugger.disable');
}
