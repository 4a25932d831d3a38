/** Measures one JavaScript file. It knows nothing of workers: it runs in one, and just as well here. */
import { readFileSync } from 'node:fs';
import { getLineInfo, type Options, parse } from 'acorn';
import { goWrongIfAsked } from './bad-inputs.ts';
import { measureTree } from './measure-tree.ts';
import type { Node } from './syntax-tree.ts';

export interface ComplexFunction {
  readonly name: string;
  readonly line: number;
  readonly complexity: number;
}

export interface Measurement {
  readonly path: string;
  readonly bytes: number;
  readonly functions: number;
  readonly deepestNesting: number;
  readonly mostComplex: ComplexFunction | undefined;
  /** Why it could not be parsed, if it could not; then nothing but its size is known. */
  readonly syntaxError: string | undefined;
}

export function measureFile(path: string): Measurement {
  const source = readFileSync(path, 'utf8');
  goWrongIfAsked(source);
  const bytes = Buffer.byteLength(source);
  try {
    const { functions, deepestNesting, mostComplex } = measureTree(parseAsEither(source));
    return {
      path,
      bytes,
      functions,
      deepestNesting,
      mostComplex: mostComplex && locate(mostComplex, source),
      syntaxError: undefined,
    };
  } catch (error) {
    const syntaxError = (error as Error).message;
    return { path, bytes, functions: 0, deepestNesting: 0, mostComplex: undefined, syntaxError };
  }
}

/** @throws the error of the second attempt: most files are scripts or parse as both. */
function parseAsEither(source: string): Node {
  const options: Options = { ecmaVersion: 'latest', allowHashBang: true };
  try {
    return parse(source, { ...options, sourceType: 'module' }) as unknown as Node;
  } catch {
    return parse(source, {
      ...options,
      sourceType: 'script',
      allowReturnOutsideFunction: true,
    }) as unknown as Node;
  }
}

function locate(
  { name, complexity, start }: { name: string; complexity: number; start: number },
  source: string,
): ComplexFunction {
  return { name, complexity, line: getLineInfo(source, start).line };
}
