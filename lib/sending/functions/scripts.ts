/**
 * What V8 knows of the scripts that it has loaded, by their numbers. The debugger is asked last, and off again at once:
 * left on it makes every `await` slower, and turning it on takes its time.
 */
import { listening, post } from './inspector-session.ts';

export interface ScriptView {
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

/** Lists all scripts: slow. */
export function viewScript(scriptId: string): ScriptView | undefined {
  let view: Omit<ScriptView, 'text'> | undefined;
  let text = '';
  const onScript = ({ params }: { params: { scriptId: string; url: string; isModule?: boolean } }): void => {
    const url = withoutMark(params.url);
    urls.set(params.scriptId, url);
    if (params.scriptId === scriptId) view = { url, isModule: params.isModule === true };
  };
  listening('Debugger.scriptParsed', onScript, () => {
    try {
      post('Debugger.enable');
      if (view && !view.url.startsWith('node:'))
        text = post<{ scriptSource: string }>('Debugger.getScriptSource', { scriptId }).scriptSource;
    } finally {
      post('Debugger.disable');
    }
  });
  return view && { ...view, text };
}
