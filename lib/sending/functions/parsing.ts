/** What parses JavaScript is loaded with the first function that needs it. */
import { LaterPart } from '../../system/later-part.ts';
import { later } from './later.ts';

const part = new LaterPart('./texts.cjs', () => later());

export const parsing = (): ReturnType<typeof later> => part.get();

/** To be called when the first executor is made. */
export const keepParsing = (): void => part.keep();
