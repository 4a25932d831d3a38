/** Finds the code blocks of a Markdown document, and what they say that they print. It runs nothing. */

export interface CodeBlock {
  /** `README.md:12`: where it starts. */
  readonly place: string;
  /** The heading above it. */
  readonly section: string;
  readonly language: string;
  /** The second word of its fence, which says what runs it; empty if Node.js alone does. */
  readonly setting: string;
  /** From a comment in the first line. */
  readonly file: string | undefined;
  readonly code: string;
  /** From the comments `// → value`, in their order. `…` stands for anything. */
  readonly prints: readonly string[];
}

export function codeBlocksOf(document: string, text: string): CodeBlock[] {
  return [...text.matchAll(/^ *```(\S+)(?: (\S+))?\n(.*?)^ *```$/gms)].map((match) => {
    const [, language = '', setting = '', code = ''] = match;
    const before = text.slice(0, match.index);
    return {
      place: `${document}:${before.split('\n').length}`,
      section: before.match(/^#+ .*$/gm)?.at(-1) ?? '',
      language,
      setting,
      file: /^\/\/ ([\w/.-]+\.\w+)\b/.exec(code)?.[1],
      code,
      prints: [...code.matchAll(/\/\/ → (.*)$/gm)].map(([, value = '']) => value),
    };
  });
}

export function printsAsSaid(lines: readonly string[], said: readonly string[]): boolean {
  return lines.length === said.length && lines.every((line, index) => matches(line, said[index] ?? ''));
}

function matches(line: string, said: string): boolean {
  const parts = said.split('…').map((part) => part.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&'));
  return new RegExp(`^${parts.join('.*')}$`).test(line);
}
