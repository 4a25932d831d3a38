/**
 * Where the files are that other processes run. They lie beside the built index.cjs; code that runs from lib/
 * (unit tests) takes those of the last build.
 */
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { isOneExecutable } from './executable.ts';
import { ownUrl } from './here.ts';

/** The programs that this package runs in processes of their own. */
type EntryPoint = 'worker' | 'guardian';

/** The absolute path of a built program. Throws when it was not built, or was lost while the package was bundled. */
export function entryPoint(name: EntryPoint): string {
  return packageFile(`${name}.cjs`, 'program');
}

/** The same of any file that the package ships. */
export function packageFile(name: string, kind = 'file'): string {
  const beside = fileURLToPath(new URL(`./${name}`, ownUrl()));
  if (existsSync(beside)) return beside;
  const built = builtFile(name);
  if (built !== undefined && existsSync(built)) return built;
  throw new Error(
    `Expected the ${kind} ${name} of loky at ${beside}${built === undefined ? '' : ` or ${built}`}, but it is not there. ` +
      (isOneExecutable()
        ? 'Processes are started from files: ship those of node_modules/loky/dist in the folder of your executable.'
        : 'If loky is bundled into your program, mark it as external, or copy its dist/ folder beside the bundle.'),
  );
}

function builtFile(name: string): string | undefined {
  try {
    return join(dirname(createRequire(ownUrl()).resolve('loky/package.json')), 'dist', name);
  } catch {
    return undefined;
  }
}
