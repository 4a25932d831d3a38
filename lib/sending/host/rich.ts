/** What is needed for more than plain data is loaded with the first value or function that is more. */
import { devalue, keepDevalue } from '../../system/devalue/devalue.ts';
import { LaterPart } from '../../system/later-part.ts';
import { keepParsing, parsing } from '../functions/parsing.ts';
import * as graphsPart from './graphs.ts';

const part = new LaterPart('./graphs.cjs', (): typeof graphsPart => graphsPart);

export const graphs = (): typeof graphsPart => part.get();

/** To be called when an executor is made: its first call may come in a moment in which no file can be opened. */
export function keepForSending(): void {
  part.keep();
  keepParsing();
  keepDevalue();
}

/** Each loads one of them, in some 10 ms. */
export const loadersForSending: readonly (() => unknown)[] = [graphs, parsing, devalue];
