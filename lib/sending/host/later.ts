/** In the build, what a file of this name gives is a file of its own, which is loaded when it is asked for. */
import * as graphs from './graphs.ts';

export const later = (): typeof graphs => graphs;
