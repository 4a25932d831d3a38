/** Where the program starts. Without top-level await, which CommonJS lacks. */
import { run } from './run.ts';

void run();
