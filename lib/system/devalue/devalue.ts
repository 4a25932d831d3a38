/** The package devalue, which is loaded when a value is first written or read as text. */
import { runInThisContext } from 'node:vm';
import type { ParseOptions } from 'devalue';
import { ownUrl } from '../here.ts';
import { inRootContext } from '../root-context.ts';
import { later } from './later.ts';

type Devalue = ReturnType<typeof later>;

let loaded: Devalue | undefined;

/** Loaded outside of any request: Node's loader keeps promises, and they would keep the request's async context. */
export function devalue(): Devalue {
  loaded ??= inRootContext(load);
  return loaded;
}

/**
 * devalue is an ES module. The `require` of a test runner may take none; Node's own does, which is found from outside of the
 * context that the tests run in.
 */
function load(): Devalue {
  try {
    return later();
  } catch {
    const { getBuiltinModule } = runInThisContext('process') as NodeJS.Process;
    return getBuiltinModule('node:module').createRequire(ownUrl())('devalue') as Devalue;
  }
}

/** What Node's `require` loads in a test runner has the classes of the runner, not those of the tests. */
export const ownClasses: ParseOptions = {
  operations: {
    fromISOString: (text) => new Date(text),
    fromRegExpInfo: (source, flags) => new RegExp(source, flags),
    box: (value) => Object(value),
    createArray: (length) => new Array(length),
    createObject: () => ({}),
    createSet: () => new Set(),
    createMap: () => new Map(),
  },
};
