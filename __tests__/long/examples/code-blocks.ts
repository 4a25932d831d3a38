/** Finds the runnable blocks of a Markdown document, and what they say that they print. It runs nothing. */

export interface CodeBlock {
  /** `README.md:12`: where it starts. */
  readonly place: string;
  readonly language: 'js' | 'ts';
  readonly code: string;
  /** From the comments `// → value`, in their order. `…` stands for anything. */
  readonly prints: readonly string[];
}

export function codeBlocksOf(document: string, text: string): CodeBlock[] {
  return [...text.matchAll(/^```(js|ts)\n(.*?)^```$/gms)].map((match) => {
    const [, language, code = ''] = match;
    const line = text.slice(0, match.index).split('\n').length;
    return {
      place: `${document}:${line}`,
      language: language as CodeBlock['language'],
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
