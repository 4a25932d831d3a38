/** In the build, what a file of this name gives is a file of its own, which is loaded when it is asked for. */
import * as copy from './devalue-copy.ts';

export const later = (): typeof copy => copy;
