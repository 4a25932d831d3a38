/**
 * The URL of the file that this code runs in. The package is CommonJS, whose bundle has `__filename`; the sources are
 * ES modules, and so may be a program into which a user has built the package: they have none, and `import.meta` would
 * be a syntax error in CommonJS. So V8 is asked.
 */
import { pathToFileURL } from 'node:url';

/** @throws Error if it cannot be found: then the program was bundled, and `Error` is frozen. */
export function ownUrl(): string {
  const name = typeof __filename === 'string' ? __filename : fileOfCaller();
  if (name === undefined) throw new Error('The file that loky was bundled into cannot be found out.');
  return name.startsWith('file:') ? name : pathToFileURL(name).href;
}

function fileOfCaller(): string | undefined {
  const { prepareStackTrace } = Error;
  try {
    Error.prepareStackTrace = (_, [site]) => site?.getFileName();
    const here: { stack?: string } = {};
    Error.captureStackTrace(here);
    return here.stack;
  } finally {
    Error.prepareStackTrace = prepareStackTrace as never;
  }
}
