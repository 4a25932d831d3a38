/** Which modules' functions go by value although they could go by reference. */
import { mainScript } from '../../system/main-script.ts';

const modules = new Set<string>();

/**
 * Makes functions and classes of a module travel by value, with the variables that they capture, instead of by
 * reference. For modules that workers cannot load, or not in the same state.
 *
 * @param url The module's URL, such as `import.meta.url`; an absolute path is taken too.
 * @throws TypeError if it is neither.
 */
export function registerByValue(url: string | URL): void {
  const text = String(url);
  if (/^(?:file|data|https?):/.test(text)) modules.add(text);
  else if (/^(?:[/\\]|[A-Za-z]:[\\/])/.test(text)) modules.add(toUrl(text));
  else
    throw new TypeError(
      `registerByValue expects a module's URL (import.meta.url) or absolute path, but got "${text}"`,
    );
}

const toUrl = (path: string): string => process.getBuiltinModule('node:url').pathToFileURL(path).href;

/** Whether functions of that module go by value, whatever exports them. */
export function goesByValue(url: string, mainByReference: boolean): boolean {
  const [bare = ''] = url.split('?');
  return modules.has(bare) || (!mainByReference && bare === mainScript());
}
