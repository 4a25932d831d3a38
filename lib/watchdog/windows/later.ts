/** In the build, what a file of this name imports is loaded when it is asked for. */
import * as tree from './kill-tree.ts';

export const later = (): typeof tree => tree;
