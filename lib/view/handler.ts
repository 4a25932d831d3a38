/** Answers the requests of a view: the page, its stream of events, its actions. All have one address. */
import { randomBytes } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { hostname } from 'node:os';
import { basename } from 'node:path';
import { describeThrown } from '../system/thrown.ts';
import { hostFault, isSame, originFault } from './access.ts';
import { readAction } from './action-query.ts';
import { Actions } from './actions.ts';
import type { HostInfo } from './aggregate/messages.ts';
import { resolveHandlerOptions, type ViewHandlerOptions, type ViewSettings } from './options.ts';
import { pageFile } from './page-file.ts';
import { MOST_PAGES, Pages } from './pages.ts';
import { version } from './version.ts';

/** What `viewHandler` gives: a listener for the requests of any server of Node's `http`. */
export interface ViewHandler extends Disposable {
  /** Answers a request. Its path does not matter, its query does. */
  (request: IncomingMessage, response: ServerResponse): void;
  /** What the address must carry: `?token=…`. `undefined` with `authorize`. */
  readonly token: string | undefined;
  /** Lets all pages go, collects nothing any more, and refuses what comes later. */
  close(): void;
}

/**
 * A live view for a server that you have. Pass it the requests of one path: `http.createServer(view)`, Express's
 * `app.use('/loky', view)`, or in a Fastify route `reply.hijack(); view(request.raw, reply.raw)`. It reads no body.
 *
 * @throws TypeError, RangeError for options that are unknown, of the wrong type or out of range, and for `token` together with
 * `authorize`.
 */
export function viewHandler(options?: ViewHandlerOptions): ViewHandler {
  return createHandler(resolveHandlerOptions(options));
}

export function createHandler(settings: ViewSettings): ViewHandler {
  const token = settings.authorize === undefined ? (settings.token ?? randomToken()) : undefined;
  const view = new View(settings, token);
  const handle = (request: IncomingMessage, response: ServerResponse): void => {
    view.handle(request, response).catch((error: unknown) => {
      warn(`The live view could not answer a request: ${describeThrown(error)}`);
      if (!response.headersSent)
        refuse(response, 500, 'The view could not answer: see the warnings of its program.');
    });
  };
  const close = (): void => view.close();
  return Object.assign(handle, { token, close, [Symbol.dispose]: close });
}

function randomToken(): string {
  return randomBytes(24).toString('base64url');
}

class View {
  readonly #settings: ViewSettings;
  readonly #token: string | undefined;
  readonly #pages: Pages;
  readonly #actions: Actions | undefined;
  #isClosed = false;

  constructor(settings: ViewSettings, token: string | undefined) {
    this.#settings = settings;
    this.#token = token;
    this.#pages = new Pages(settings, describeHost(settings.allowActions));
    this.#actions = settings.allowActions ? new Actions(settings.executors) : undefined;
  }

  close(): void {
    this.#isClosed = true;
    this.#pages.close();
  }

  async handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    for (const [name, value] of Object.entries(HEADERS)) response.setHeader(name, value);
    const refusal = await this.#answer(request, response);
    if (refusal !== undefined) refuse(response, ...refusal);
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<Refusal | undefined> {
    if (this.#isClosed) return [503, 'This view is closed.'];
    const query = queryOf(request);
    const foreignHost = hostFault(request.headers.host, this.#settings.hosts);
    if (foreignHost !== undefined) return [403, foreignHost];
    if (!(await this.#isAllowed(request, query)))
      return [403, 'The token is missing or wrong: open the whole address that the program gave.'];
    if (request.method === 'POST') return this.#act(request, response, query);
    if (request.method !== 'GET' && request.method !== 'HEAD') return [405, 'Expected GET or POST.'];
    if (request.headers.accept?.includes('text/event-stream')) return this.#stream(request, response);
    const { html, policy } = pageFile();
    response.setHeader('content-security-policy', policy);
    response.writeHead(200, { 'content-type': 'text/html; charset=utf-8', 'content-length': html.length });
    response.end(request.method === 'HEAD' ? undefined : html);
    return undefined;
  }

  async #isAllowed(request: IncomingMessage, query: URLSearchParams): Promise<boolean> {
    const { authorize } = this.#settings;
    if (authorize === undefined) return isSame(query.get('token') ?? undefined, this.#token as string);
    try {
      return (await authorize(request)) === true;
    } catch (error) {
      warn(`The authorize of a live view threw, and the request was refused: ${describeThrown(error)}`);
      return false;
    }
  }

  #stream(request: IncomingMessage, response: ServerResponse): Refusal | undefined {
    const fault = originFault(request.headers, false);
    if (fault !== undefined) return [403, fault];
    return this.#pages.open(response) ? undefined : [503, `${MOST_PAGES} pages are open already.`];
  }

  #act(request: IncomingMessage, response: ServerResponse, query: URLSearchParams): Refusal | undefined {
    const fault = originFault(request.headers, true);
    if (fault !== undefined) return [403, fault];
    if (this.#actions === undefined)
      return [403, 'This view may only look: it was made without allowActions.'];
    const action = readAction(query);
    if (action === undefined) return [400, 'Unknown action.'];
    response.writeHead(200, { 'content-type': 'application/json' });
    response.end(JSON.stringify(this.#actions.answer(action, query.get('code'))));
    return undefined;
  }
}

/** The status, and why. */
type Refusal = readonly [status: number, why: string];

const HEADERS = {
  'cache-control': 'no-store',
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'referrer-policy': 'no-referrer',
  'cross-origin-resource-policy': 'same-origin',
  'cross-origin-opener-policy': 'same-origin',
};

function warn(message: string): void {
  process.emitWarning(message, { type: 'LokyWarning', code: 'LOKY_VIEW_FAILED' });
}

function refuse(response: ServerResponse, status: number, why: string): void {
  response.writeHead(status, { 'content-type': 'text/plain; charset=utf-8' });
  response.end(`${why}\n`);
}

function queryOf({ url = '/' }: IncomingMessage): URLSearchParams {
  const start = url.indexOf('?');
  return new URLSearchParams(start === -1 ? '' : url.slice(start + 1));
}

function describeHost(actions: boolean): HostInfo {
  return {
    program: basename(process.argv[1] ?? process.execPath),
    pid: process.pid,
    machine: hostname(),
    node: process.version,
    loky: version(),
    timeOrigin: performance.timeOrigin,
    actions,
  };
}
