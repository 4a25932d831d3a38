/** What is needed for more than plain data is loaded with the first value or function that is more. */
import { keepDevalue } from '../../system/devalue/devalue.ts';
import { LaterPart } from '../../system/later-part.ts';
import * as graphsPart from './graphs.ts';

const part = new LaterPart('./graphs.cjs', (): typeof graphsPart => graphsPart);

export const graphs = (): typeof graphsPart => part.get();

/** To be called when the first executor is made. */
export function keepGraphs(): void {
  part.keep();
  keepDevalue();
}
