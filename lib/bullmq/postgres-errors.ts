/**
 * A client of `pg` emits an 'error' when its connection is lost, which ends a process that does not listen. BullMQ does not listen while it
 * checks the schema, nor to the client that waits for messages while it ends it. Nothing is missed: queries that were under
 * way reject, and BullMQ reports the clients that it listens to.
 */
import type { EventEmitter } from 'node:events';

type ClientClass = new (...options: never[]) => EventEmitter;

/** What BullMQ's connections to Postgres have, among other things. */
interface PostgresConnection {
  readonly pool: EventEmitter;
  /** Makes the client that waits for messages; `undefined` if that one comes out of a pool of the user. */
  pgModule: { readonly Client: ClientClass } | undefined;
}

/** @returns the backend that was given: no error of its clients goes unhandled from now on. */
export function withHandledErrors<Backend extends object>(backend: Backend): Backend {
  const { connection } = backend as { readonly connection?: PostgresConnection };
  if (connection?.pool === undefined) return backend;
  if (!connection.pool.listeners('acquire').includes(handleErrors))
    connection.pool.on('acquire', handleErrors);
  const { pgModule } = connection;
  if (pgModule !== undefined) connection.pgModule = { ...pgModule, Client: handlingErrors(pgModule.Client) };
  return backend;
}

function handleErrors(client: EventEmitter): void {
  if (!client.listeners('error').includes(ignore)) client.on('error', ignore);
}

function ignore(): void {}

/** Not by a listener: BullMQ removes all of them before it ends the client. */
function handlingErrors(Client: ClientClass): ClientClass {
  return class extends Client {
    override emit(event: string, ...values: unknown[]): boolean {
      const isUnheard = event === 'error' && this.listenerCount(event) === 0;
      return !isUnheard && super.emit(event, ...values);
    }
  };
}
