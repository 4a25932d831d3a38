/**
 * Which private names the instances of a class have, read from the class's text: nothing else shows them. What looks like
 * one in the text may be a colour or a comment, so that the engine is asked whether the class declares it.
 */
import { Script } from 'node:vm';

const STATIC = /\bstatic\s+(?:async\s*)?(?:\*\s*)?(?:[gs]et\s+)?#([\p{ID_Start}$_][\p{ID_Continue}$]*)/gu;
const ANY = /(?:\.|\?\.|[;{}\s*])#([\p{ID_Start}$_][\p{ID_Continue}$]*)/gu;

/** One of them; undefined if there is none, or only the class itself has some. */
export function privateName(text: string): string | undefined {
  if (!text.startsWith('class') || !text.includes('#')) return undefined;
  const ofTheClass = namesIn(text, STATIC);
  const candidates = [...namesIn(text, ANY)].filter((name) => !ofTheClass.has(name));
  const [first] = candidates;
  // A text that means something only at its own place is believed at its word.
  if (first === undefined || !isCompiled(text, candidates)) return first;
  return candidates.find((name) => !isCompiled(text, candidates, `\n;#${name}`));
}

function namesIn(text: string, pattern: RegExp): Set<string> {
  return new Set(Array.from(text.matchAll(pattern), ([, name]) => name as string));
}

/**
 * Whether the text of a class is one of JavaScript with this as its last member: to declare a private name a second
 * time is an error of syntax. `outer`: what the classes around it may have declared. Nothing is run.
 */
function isCompiled(text: string, outer: readonly string[], member = ''): boolean {
  const around = outer.map((name) => `#${name};`).join('');
  try {
    void new Script(`(class{${around}place(){(${text.slice(0, -1)}${member}\n})}})`);
    return true;
  } catch {
    return false;
  }
}
