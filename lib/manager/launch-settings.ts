/** What the process of a worker is launched with: arguments and environment. Loaded with the package, as launch.ts is. */
import type { LaunchSettings } from '../child/launch.ts';
import type { ExecutorSettings } from '../options/executor-options.ts';
import { nodeOptionsForWorkers } from '../options/node-options.ts';
import { environment, folder } from '../system/check.ts';
import { currentDepth, DEPTH_VARIABLE } from '../system/depth.ts';
import { checkMainScriptIsLoaded } from '../system/main-script.ts';
import { withoutPrototype } from '../system/own.ts';

/**
 * @throws Error while a worker loads the main script.
 * @throws TypeError, RangeError for a working directory that has gone, and for what `env` of the user gives.
 */
export function launchSettings(settings: ExecutorSettings, rank: number): LaunchSettings {
  const { execArgv, execPath, argv, env, cwd, stdio } = settings;
  checkMainScriptIsLoaded();
  if (cwd !== undefined) folder(cwd, 'cwd'); // it was there when the executor was made
  return {
    execArgv,
    execPath,
    argv,
    stdio,
    env: {
      ...hostEnvironment(typeof env === 'function' ? environmentOf(env, rank) : env),
      [DEPTH_VARIABLE]: String(currentDepth() + 1),
    },
  };
}

function environmentOf(env: (rank: number) => NodeJS.ProcessEnv, rank: number): NodeJS.ProcessEnv {
  const made = env(rank);
  environment(made, `env(${rank})`);
  return made;
}

/** A debugger of this program is not for its workers. */
function hostEnvironment(changes: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const { NODE_OPTIONS, ...others }: NodeJS.ProcessEnv = withoutPrototype({ ...process.env, ...changes });
  if (NODE_OPTIONS === undefined) return others;
  return { ...others, NODE_OPTIONS: nodeOptionsForWorkers(NODE_OPTIONS, process.env.NODE_OPTIONS) };
}
