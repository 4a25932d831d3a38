/**
 * What parses JavaScript: a file of its own in the build, which is loaded with the first function that needs it. Its code is
 * kept as text from the first executor on: the first function may come in a moment in which no file can be opened.
 */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { compileFunction } from 'node:vm';
import { ownUrl } from '../../system/here.ts';
import { isShortageCode } from '../../system/shortage.ts';
import { later } from './later.ts';

type Parsing = ReturnType<typeof later>;

interface Kept {
  readonly file: string;
  readonly code: string;
}

let kept: Kept | undefined;
let loaded: Parsing | undefined;

/** To be called when the first executor is made. */
export function keepParsing(): void {
  if (kept === undefined && loaded === undefined) kept = readBuilt();
}

export function parsing(): Parsing {
  loaded ??= load();
  kept = undefined;
  return loaded;
}

function load(): Parsing {
  try {
    return later();
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException;
    if (kept === undefined || !isShortageCode(code)) throw error;
    return evaluate(kept);
  }
}

/** `undefined` where it is no file of its own: in the sources, and where a program has built the package in. */
function readBuilt(): Kept | undefined {
  try {
    const file = fileURLToPath(new URL('./texts.cjs', ownUrl()));
    return { file, code: readFileSync(file, 'utf8') };
  } catch {
    return undefined;
  }
}

/** As `require` does. What the code requires is loaded already. */
function evaluate({ file, code }: Kept): Parsing {
  const exports = {};
  const run = compileFunction(code, ['exports', 'require'], { filename: file });
  run(exports, require);
  return exports as Parsing;
}
