/** Where the program starts. Without top-level await, which CommonJS lacks. */
import { runCorpus } from './run-corpus.ts';

void runCorpus();
