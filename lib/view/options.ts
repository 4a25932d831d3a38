/** The options of `serveView` and `viewHandler`: their meaning, their checks. */
import type { IncomingMessage } from 'node:http';
import { ProcessPoolExecutor } from '../executor/process-pool-executor.ts';
import {
  array,
  boolean,
  type Check,
  callable,
  checkOptions,
  describe,
  filled,
  type Resolved,
  strings,
} from '../system/check.ts';
import type { FleetFigures } from './aggregate/fleet-figures.ts';

/** Options of `viewHandler`. */
export interface ViewHandlerOptions {
  /** What is shown. They are held until the view is closed. Default: every executor of the process. */
  executors?: readonly ProcessPoolExecutor[];
  /** What the address must carry (`?token=…`). Default: made at random. */
  token?: string;
  /** Decides about each request, instead of a token; may be async. A request for which it throws is refused. */
  authorize?: (request: IncomingMessage) => boolean | Promise<boolean>;
  /**
   * The names under which browsers may reach the page, such as `'ops.example.com'`: a request with another `Host` is refused,
   * so that no foreign name can be made to point here (DNS rebinding). IP addresses and `localhost` always may. Default: none.
   */
  hosts?: readonly string[];
  /** Whether the page may cancel tasks, end workers and change their number; it asks twice. Default: false. */
  allowActions?: boolean;
  /** What to show of a fleet; called every two seconds while a page is open. Default: no fleet is shown. */
  fleet?: () => FleetFigures | Promise<FleetFigures>;
}

/** Options of `serveView`. */
export interface ServeViewOptions extends ViewHandlerOptions {
  /** Default: 0, one that is free. */
  port?: number;
  /** The address or name to listen on. Default: `'127.0.0.1'`, this machine alone. */
  host?: string;
}

export type ViewSettings = Resolved<ViewHandlerOptions, 'executors' | 'authorize' | 'token' | 'fleet'>;

const handlerChecks: Readonly<Record<keyof ViewHandlerOptions, Check>> = {
  executors: checkExecutors,
  token: filled,
  authorize: callable,
  hosts: strings,
  allowActions: boolean,
  fleet: callable,
};

const serveChecks: Readonly<Record<keyof ServeViewOptions, Check>> = {
  ...handlerChecks,
  port: checkPort,
  host: filled,
};

/** @throws TypeError, RangeError */
export function resolveHandlerOptions(given: ViewHandlerOptions | undefined): ViewSettings {
  return resolve(checkOptions(given, handlerChecks, 'viewHandler'), 'viewHandler');
}

/** @throws TypeError, RangeError */
export function resolveServeOptions(
  given: ServeViewOptions | undefined,
): ViewSettings & { readonly port: number; readonly host: string } {
  const options: ServeViewOptions = checkOptions(given, serveChecks, 'serveView');
  const { port = 0, host = '127.0.0.1' } = options;
  return { ...resolve(options, 'serveView'), port, host };
}

function resolve(options: ViewHandlerOptions, of: string): ViewSettings {
  const { executors, hosts = [], allowActions = false } = options;
  if (options.token !== undefined && options.authorize !== undefined)
    throw new TypeError(`${of} takes a token or authorize, not both: authorize decides alone`);
  return {
    ...options,
    ...(executors && { executors: [...executors] }),
    hosts: hosts.map((host) => host.toLowerCase()),
    allowActions,
  };
}

function checkExecutors(value: unknown, name: string): void {
  array(value, name);
  for (const [index, each] of (value as unknown[]).entries()) {
    if (each instanceof ProcessPoolExecutor) continue;
    const isView = typeof (each as { withOptions?: unknown } | null | undefined)?.withOptions === 'function';
    const got = isView ? 'a view of one: pass the executor that it was made from' : describe(each);
    throw new TypeError(`${name}[${index}] must be an executor, got ${got}`);
  }
}

function checkPort(value: unknown, name: string): void {
  if (typeof value !== 'number') throw new TypeError(`${name} must be a port number, got ${describe(value)}`);
  if (!Number.isInteger(value) || value < 0 || value > 65_535)
    throw new RangeError(`${name} must be a port number from 0 to 65535, got ${value}`);
}
