/**
 * The two inputs that go wrong on purpose. They stand for what happens with real ones sooner or later: a parser
 * written in native code that crashes, and one that does not come to an end.
 */

/** Does what the first line of the source asks for, if it is one of the two. */
export function goWrongIfAsked(source: string): void {
  if (source.startsWith('// demo: crash')) process.kill(process.pid, 'SIGSEGV');
  if (source.startsWith('// demo: never return')) for (;;);
}
