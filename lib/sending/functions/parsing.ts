/** What parses JavaScript is loaded with the first function that needs it. */
import { LaterPart } from '../../system/later-part.ts';
import * as texts from './texts.ts';

const part = new LaterPart('./texts.cjs', (): typeof texts => texts);

export const parsing = (): typeof texts => part.get();

/** Called with what else is kept when an executor is made. */
export const keepParsing = (): void => part.keep();
