/** A server for the view alone. */
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { type AddressInfo, isIPv6 } from 'node:net';
import { inRootContext } from '../system/root-context.ts';
import { createHandler, type ViewHandler } from './handler.ts';
import { resolveServeOptions, type ServeViewOptions } from './options.ts';

/** What `serveView` gives. */
export interface View extends AsyncDisposable {
  /** The whole address of the page, with its token. Anyone who has it can open the page. */
  readonly url: string;
  /** Closes the server and all pages, and leaves nothing behind. Calling it again waits for the same end. */
  close(): Promise<void>;
}

/**
 * Serves a page that shows what executors are doing. It never keeps the process alive, costs nothing while no page is open, and
 * continues when executors are shut down or replaced.
 *
 * @returns Rejects with a TypeError or RangeError for options that are unknown, of the wrong type or out of range, and for `token`
 * together with `authorize`; with the system's error if it cannot listen (`EADDRINUSE`, `EACCES`).
 */
export async function serveView(options?: ServeViewOptions): Promise<View> {
  const { port, host, ...settings } = resolveServeOptions(options);
  const name = host.toLowerCase();
  const handler = createHandler({ ...settings, hosts: [...settings.hosts, name] });
  const server = inRootContext(() => createServer(handler));
  server.on('connection', (socket) => socket.unref());
  inRootContext(() => server.listen(port, host));
  server.unref();
  await once(server, 'listening');
  let closed: Promise<void> | undefined;
  const close = (): Promise<void> => {
    closed ??= closeServer(server, handler);
    return closed;
  };
  return { url: urlOf(server, host, handler.token), close, [Symbol.asyncDispose]: close };
}

/** The socket is closed at once; what waits for that keeps the process alive no longer than that takes. */
async function closeServer(server: Server, handler: ViewHandler): Promise<void> {
  handler.close();
  const closed = once(server, 'close');
  server.close();
  server.closeAllConnections();
  await closed;
}

function urlOf(server: Server, host: string, token: string | undefined): string {
  const { port } = server.address() as AddressInfo;
  const isEverywhere = host === '0.0.0.0' || host === '::';
  const name = isEverywhere ? 'localhost' : isIPv6(host) ? `[${host}]` : host;
  const query = token === undefined ? '' : `?${new URLSearchParams({ token })}`;
  return `http://${name}:${port}/${query}`;
}
