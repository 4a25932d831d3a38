/** In the build, what a worker has instead of lib/system/devalue: it only writes, and is one file. */
import { stringify } from 'devalue';

const library = { stringify };

export const devalue = (): typeof library => library;
export const keepDevalue = (): void => {};
