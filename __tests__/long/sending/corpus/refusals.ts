/** What cannot be carried faithfully is refused, with its place and the way out. */
import { fork } from 'node:child_process';
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { IncomingMessage, ServerResponse } from 'node:http';
import { createServer, Socket } from 'node:net';
import { Readable } from 'node:stream';
import { setTimeout as wait } from 'node:timers/promises';
import { type Case, refuses, type Submit } from './case.ts';

void fork;
void wait;
const socket = new Socket();
const db = { name: 'pg', socket };
const request = new IncomingMessage(socket);
const response = new ServerResponse(request);
const promise = Promise.resolve(1);
const weak = new WeakMap();
const timer = setTimeout(() => {}, 1);
clearTimeout(timer);
const proxied = new Proxy({}, {});
class Private {
  #w = 2;
  area(): number {
    return this.#w;
  }
}
class Parent {
  hi(): string {
    return 'hi';
  }
}
class Child extends Parent {
  override hi(): string {
    return `${super.hi()}!`;
  }
}
class WithPrivateMethod {
  #secret(): number {
    return 1;
  }
  call(): number {
    return this.#secret();
  }
}
const helper = (): boolean => deeper();
const deeper = (): boolean => socket.destroyed;
const id = <T>(x: T): T => x;
const arrowWithThis = function (this: { x: number }) {
  return () => this.x;
}.call({ x: 1 });
const arrowWithArguments = function (..._: unknown[]) {
  return () => new.target;
}.call(undefined);
const badHook = { [Symbol.for('loky.reduce')]: () => 'nothing useful' };

export const refusals: readonly Case[] = [
  refuses(
    'a captured socket',
    /task: closure variable `db`\.socket is a net\.Socket\n\s+hint: open it inside the task/,
    () => [() => db.name],
  ),
  refuses(
    'a request of an HTTP server',
    /`request` is an? (http\.)?IncomingMessage\n\s+hint: send the data that/,
    () => [() => request.url],
  ),
  refuses(
    'a response of an HTTP server',
    /`response` is an? (http\.)?ServerResponse\n\s+hint: let the task return/,
    () => [() => response.end()],
  ),
  refuses('a promise', /closure variable `promise` is a Promise\n\s+hint: await it before/, () => [
    () => promise,
  ]),
  refuses('a promise as an argument', /argument 1 is a Promise/, () => [id, 0, Promise.resolve()] as never),
  refuses('a WeakMap as a result', /result is a WeakMap/, () => [() => weak]),
  refuses('a WeakSet as a result', /result is a WeakSet/, () => [id, new WeakSet()]),
  refuses('a WeakRef', /argument 0 is a WeakRef/, () => [id, new WeakRef({})]),
  refuses('a FinalizationRegistry', /argument 0 is a FinalizationRegistry/, () => [
    id,
    new FinalizationRegistry(() => {}),
  ]),
  refuses('a proxy', /argument 0 is a Proxy\n\s+hint: send the object behind it/, () => [id, proxied]),
  refuses('a proxy in data', /argument 0\.a\[1\] is a Proxy/, () => [id, { a: [0, proxied] }]),
  refuses('a proxy in much data', /argument 0\[999\]\.p is a Proxy/, () => [
    id,
    Array.from({ length: 1000 }, (_, i) => ({ p: i === 999 ? proxied : {} })),
  ]),
  refuses('a proxy of a function', /is a Proxy/, () => [new Proxy(() => 1, {})]),
  refuses('a path through arrays and maps', /argument 0\[1\]\.get\("k"\)\.sock is a net\.Socket/, () => [
    id,
    [0, new Map([['k', { sock: socket }]])],
  ]),
  refuses('a path through a set', /argument 0\.values\(\) is a net\.Socket/, () => [id, new Set([socket])]),
  refuses('a path through keys of a map', /argument 0\.keys\(\) is a net\.Socket/, () => [
    id,
    new Map([[socket, 1]]),
  ]),
  refuses('a path with a name that is no identifier', /argument 0\["a b"\] is a Promise/, () => [
    id,
    { 'a b': promise },
  ]),
  refuses('a path with a symbol', /argument 0\[Symbol\(q\)\] is a Promise/, () => [
    id,
    { [Symbol.for('q')]: promise },
  ]),
  refuses(
    'a path through two functions',
    /closure variable `helper` → closure variable `deeper` → closure variable `socket` is a net\.Socket/,
    () => [() => helper()],
  ),
  refuses(
    'a path through a function in data',
    /argument 0\.f → closure variable `socket` is a net\.Socket/,
    () => [id, { f: () => socket }],
  ),
  refuses('a path through a bound function', /\[bound argument 0\] is a net\.Socket/, () => [
    ((s: Socket) => s).bind(null, socket),
  ]),
  refuses('a path through an instance', /argument 0\.inner is a Promise/, () => [
    id,
    Object.assign(new Parent(), { inner: promise }),
  ]),
  refuses('a path through an error', /argument 0\.cause is a net\.Socket/, () => [
    id,
    new Error('m', { cause: socket }),
  ]),
  refuses('a stream', /argument 0 is a stream\.Readable/, () => [id, Readable.from([])]),
  refuses('a file stream', /argument 0 is a .*ReadStream/, () => {
    const s = createReadStream('/dev/null');
    s.destroy();
    return [id, s];
  }),
  refuses('a server', /argument 0 is a net\.Server/, () => [id, createServer()]),
  refuses('a hash', /argument 0 is a .*Hash/, () => [id, createHash('sha1')]),
  refuses('standard output', /argument 0 is a .*(?:Stream|Socket|Writable)/, () => [id, process.stdout]),
  refuses('an AbortSignal', /argument 0 is a.* AbortSignal/, () => [id, new AbortController().signal]),
  refuses('a timer', /closure variable `timer` is a Timeout/, () => [() => timer]),
  refuses('a MessagePort', /argument 0 is a.* Message(?:Port|Channel)/, () => {
    const c = new MessageChannel();
    c.port1.close();
    return [id, c];
  }),
  refuses('shared memory', /argument 0 is a SharedArrayBuffer/, () => [id, new SharedArrayBuffer(1)]),
  refuses('a running generator', /argument 0 is a running generator/, () => [id, (function* () {})()]),
  refuses('an iterator', /argument 0 is an iterator in use/, () => [id, [1].values()]),
  refuses('an iterator of a map', /argument 0 is an iterator in use/, () => [id, new Map().entries()]),
  refuses(
    'a text decoder that has begun a text',
    /argument 0 is a TextDecoder that may be in the middle/,
    () => {
      const decoder = new TextDecoder();
      decoder.decode(Buffer.from('é').subarray(0, 1), { stream: true });
      return [id, decoder];
    },
  ),
  refuses(
    'a decoder that hides what it has begun',
    /argument 0 is a TextDecoder that may be in the middle/,
    () => [id, new TextDecoder('utf-16le')],
  ),
  refuses('a Blob', /argument 0 is a (?:buffer\.)?Blob\n\s+hint: send its bytes/, () => [
    id,
    new Blob(['a']),
  ]),
  refuses('a boxed symbol', /argument 0 is a boxed symbol/, () => [id, Object(Symbol.iterator)]),
  refuses(
    'private state',
    /argument 0 is a Private with private state \(#w\)\n\s+hint: give the class a \[Symbol\.for\("loky\.reduce"\)\]\(\)/,
    () => [id, new Private()],
  ),
  refuses('private methods', /argument 0 is a WithPrivateMethod with private state \(#secret\)/, () => [
    id,
    new WithPrivateMethod(),
  ]),
  refuses('a hook that gives nothing useful', /loky\.reduce.*\[rebuild, \.\.\.args\]/, () => [id, badHook]),
  refuses('a bare method with super', /the function is a method that uses `super`/, () => [
    Child.prototype.hi,
  ]),
  refuses('a bare method with a private name', /private name #w/, () => [Private.prototype.area]),
  refuses(
    'an arrow that captures this',
    /the function is an arrow that captures `this`\n\s+hint: copy what it needs into a const/,
    () => [arrowWithThis],
  ),
  refuses('an arrow that captures this, in data', /argument 0\.f is an arrow that captures `this`/, () => [
    id,
    { f: arrowWithThis },
  ]),
  refuses('an arrow that captures new.target', /the function is an arrow that captures `new\.target`/, () => [
    arrowWithArguments,
  ]),
  // biome-ignore lint/security/noGlobalEval: it is what is refused
  refuses('direct eval', /the function calls `eval` directly/, () => [(x: string) => eval(x)]),
  refuses('a native function', /is a native function|is internal to Node/, () => [
    (process as unknown as { binding: (n: string) => never }).constructor as never,
  ]),
  {
    name: 'a variable before its declaration, of a name that another variable has',
    async run(submit) {
      const other = (): number => {
        let late = 0;
        late += 1;
        return late;
      };
      let message = '';
      const use = (): unknown => late;
      await Promise.resolve(submitNow(submit, use)).catch((error: Error) => {
        message = error.message;
      });
      const late = [other()];
      if (!/closure variable `[\w$]+` has no value yet/.test(message))
        throw new Error(`got ${message}, ${late}`);
    },
  },
  {
    name: 'a variable before its declaration',
    async run(submit) {
      let message = '';
      const use = (): unknown => late;
      await Promise.resolve(submitNow(submit, use)).catch((error: Error) => {
        message = error.message;
      });
      const late = [1];
      if (!/closure variable `[\w$]+` has no value yet/.test(message))
        throw new Error(`got ${message}, ${late}`);
    },
  },
];

/** A submit that throws at once counts as one that fails. */
const submitNow = async (submit: Submit, fn: () => unknown): Promise<unknown> => submit(fn);
