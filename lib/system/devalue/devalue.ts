/** The package devalue, which is loaded when a value is first written or read as text. */
import * as devaluePackage from 'devalue';
import { LaterPart } from '../later-part.ts';
import { inRootContext } from '../root-context.ts';
import * as devalueCopy from './copy/devalue-copy.ts';

type Devalue = typeof devalueCopy;

const copy = new LaterPart('./devalue-copy.cjs', (): typeof devalueCopy => devalueCopy);

const later = (): typeof devaluePackage => devaluePackage;

let loaded: Devalue | undefined;

/** Called with what else is kept when an executor is made. */
export const keepDevalue = (): void => copy.keep();

export function devalue(): Devalue {
  // Node's loader keeps promises, which would keep the async context of a request.
  loaded ??= inRootContext(load);
  return loaded;
}

/**
 * In a moment in which no file can be opened, Node.js does not find the package, and remembers that. Where a test runner's
 * `require` takes no ES module, or the files of this package lie alone, the package cannot be loaded at all.
 */
function load(): Devalue {
  try {
    return later();
  } catch {
    return copy.get();
  }
}
