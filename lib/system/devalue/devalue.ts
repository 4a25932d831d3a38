/** The package devalue, which is loaded when a value is first written or read as text. */
import { LaterPart } from '../later-part.ts';
import { inRootContext } from '../root-context.ts';
import { later as laterCopy } from './copy/later.ts';
import { later } from './later.ts';

type Devalue = ReturnType<typeof laterCopy>;

const copy = new LaterPart('./devalue-copy.cjs', () => laterCopy());

let loaded: Devalue | undefined;

/** To be called when the first executor is made. */
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
