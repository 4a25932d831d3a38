/** Modules that workers import before they take work: what the names of the option `preload` stand for. It imports nothing. */
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, isAbsolute, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { mainScript } from '../system/main-script.ts';

/** A module to be imported as by the file `from`; the specifier is a URL where that is `null`. */
export interface PreloadedModule {
  readonly specifier: string;
  readonly from: string | null;
}

/** Two letters at least: `C:` is a drive. */
const HAS_SCHEME = /^[a-z][a-z0-9+.-]+:/i;
const IS_RELATIVE = /^\.{1,2}(?:\/|\\|$)/;
const NOT_THERE = new Set(['MODULE_NOT_FOUND', 'ERR_PACKAGE_IMPORT_NOT_DEFINED']);

/**
 * Names are looked up from the main script, and where that finds nothing (a test runner is the main script), from the
 * current directory.
 */
export function resolvePreload(modules: readonly (string | URL)[] = []): PreloadedModule[] {
  return modules.map((module) => resolveOne(String(module)));
}

function resolveOne(name: string): PreloadedModule {
  if (HAS_SCHEME.test(name)) return { specifier: name, from: null };
  if (isAbsolute(name)) return { specifier: pathToFileURL(name).href, from: null };
  const [first, ...others] = importers() as [string, ...string[]];
  if (IS_RELATIVE.test(name)) {
    const urls = [first, ...others].map((from) => pathToFileURL(resolve(dirname(fileURLToPath(from)), name)));
    return { specifier: (urls.find((url) => existsSync(url)) ?? (urls[0] as URL)).href, from: null };
  }
  return { specifier: name, from: [first, ...others].find((from) => isThere(name, from)) ?? first };
}

/** Files, one of which need not exist. */
function importers(): string[] {
  const main = mainScript();
  const here = `${pathToFileURL(process.cwd()).href}/preload`;
  return main === undefined ? [here] : [main, here];
}

/** A package that has nothing for `require` is there all the same. */
function isThere(specifier: string, from: string): boolean {
  try {
    createRequire(from).resolve(specifier);
    return true;
  } catch (error) {
    return !NOT_THERE.has((error as NodeJS.ErrnoException).code ?? '');
  }
}
