/**
 * A part of the package that few programs need, or not at once: a file of its own in the build, which is loaded when it is
 * first used. Its code is kept as text until then: that may be a moment in which no file can be opened.
 */
import { readFileSync } from 'node:fs';
import { Module } from 'node:module';
import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';
import { compileFunction } from 'node:vm';
import { ownUrl } from './here.ts';
import { isShortageCode } from './shortage.ts';

/**
 * Whether files can be loaded at any time. A context of node:vm may be torn down: after that, Jest's loader refuses each file, and
 * fails the whole run for it.
 */
export const canLoadLater = Object.getPrototypeOf(process.getBuiltinModule) === Function.prototype;

interface Kept {
  readonly file: string;
  readonly code: string;
}

/** By the names under which the built files require each other. */
const parts = new Map<string, LaterPart<unknown>>();

export class LaterPart<T> {
  private readonly name: string;
  private readonly load: () => T;
  private kept: Kept | undefined;
  private loaded: T | undefined;
  /** Then `load` itself is what requires the file. */
  isLoading = false;

  /**
   * @param name The file of the build, as `require` takes it.
   * @param load Gives the whole module: `(): typeof part => part`, which in the build requires its file.
   */
  constructor(name: string, load: () => T) {
    this.name = name;
    this.load = load;
    parts.set(name, this);
  }

  /** To be called before it may be needed. */
  keep(): void {
    if (this.kept === undefined && this.loaded === undefined) this.kept = readBuilt(this.name);
  }

  get(): T {
    if (this.loaded === undefined) {
      this.isLoading = true;
      try {
        this.loaded = this.loadOrEvaluate();
      } finally {
        this.isLoading = false;
      }
      this.kept = undefined;
    }
    return this.loaded;
  }

  private loadOrEvaluate(): T {
    try {
      return this.load();
    } catch (error) {
      const { code = '' } = error as NodeJS.ErrnoException;
      if (this.kept === undefined || !isShortageCode(code)) throw error;
      return partIn(evaluate(this.kept), this.name) as T;
    }
  }
}

/** With what others need of its file it is one of the exports, under its own name. */
const partIn = (exports: Record<string, unknown>, name: string): unknown =>
  exports[basename(name, '.cjs')] ?? exports;

/** `undefined` where it is no file of its own: in the sources, and where a program has built the package in. */
function readBuilt(name: string): Kept | undefined {
  try {
    const file = fileURLToPath(new URL(name, ownUrl()));
    return { file, code: readFileSync(file, 'utf8') };
  } catch {
    return undefined;
  }
}

/** As `require` does: the file is loaded once, also if others require it. What it requires is loaded already, or was kept. */
function evaluate({ file, code }: Kept): Record<string, unknown> {
  const module = new Module(file);
  module.filename = file;
  require.cache[file] = module;
  try {
    const run = compileFunction(code, ['exports', 'require', 'module'], { filename: file });
    run(module.exports, requireOrKept, module);
    module.loaded = true;
  } catch (error) {
    delete require.cache[file];
    throw error;
  }
  return module.exports as Record<string, unknown>;
}

function requireOrKept(name: string): unknown {
  const part = parts.get(name);
  if (part?.isLoading === false) part.get();
  return require(name);
}
