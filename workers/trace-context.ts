/**
 * Activates the trace context that came with a call. The API of OpenTelemetry keeps what the user has registered in one
 * global object that all of its copies in a process share, so nothing is imported here, and a worker in which nothing is
 * registered does no work.
 */

interface ContextManager {
  active(): unknown;
  with<R>(context: unknown, run: () => R): R;
}

interface Propagator {
  extract(context: unknown, carrier: Carrier, getter: Getter): unknown;
}

interface Getter {
  get(carrier: Carrier, name: string): string | undefined;
  keys(carrier: Carrier): string[];
}

type Carrier = Readonly<Record<string, string>>;

interface Registered {
  readonly context?: ContextManager;
  readonly propagation?: Propagator;
}

const key = Symbol.for('opentelemetry.js.api.1');
const shared = globalThis as { readonly [key]?: Registered };

const getter: Getter = { get: (carrier, name) => carrier[name], keys: Object.keys };

/** @param text JSON of what the host's propagator has written. */
export function inTraceContext<R>(text: string, run: () => R): R {
  const { context: manager, propagation } = shared[key] ?? {};
  if (manager === undefined || propagation === undefined) return run();
  let context: unknown;
  try {
    context = propagation.extract(manager.active(), JSON.parse(text) as Carrier, getter);
  } catch {
    return run(); // a propagator of the user's that cannot read it: the task itself does not need it
  }
  return manager.with(context, run);
}
