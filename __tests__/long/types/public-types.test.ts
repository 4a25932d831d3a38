/** The public types, as users' compilers see them. `npm run check` compiles them too; here they fail as a test. */
import { fileURLToPath } from 'node:url';
import { expect, test } from '@jest/globals';
import ts from 'typescript';

const root = fileURLToPath(new URL('../../../', import.meta.url));

/** What tsc has to say of a file, with the settings of the project. */
function complaintsOf(file: string): string[] {
  const { config } = ts.readConfigFile(`${root}tsconfig.json`, ts.sys.readFile) as { config: object };
  const { options } = ts.parseJsonConfigFileContent(config, ts.sys, root);
  const program = ts.createProgram([`${root}${file}`], options);
  const source = program.getSourceFile(`${root}${file}`);
  const diagnostics = [...program.getSemanticDiagnostics(source), ...program.getSyntacticDiagnostics(source)];
  return diagnostics.map(({ file: where, start, messageText }) => {
    const line = where === undefined ? 0 : where.getLineAndCharacterOfPosition(start ?? 0).line + 1;
    return `line ${line}: ${ts.flattenDiagnosticMessageText(messageText, '\n')}`;
  });
}

test.each(['public-types.ts', 'more-public-types.ts'])(
  'users get the types that they expect, and what is wrong is refused: %s',
  (file) => {
    expect(complaintsOf(`__tests__/long/types/${file}`)).toEqual([]);
  },
  60_000,
);

const published = ts.sys
  .readDirectory(`${root}dist`, ['.d.ts', '.d.cts'])
  .map((path) => path.slice(path.lastIndexOf('/') + 1));

test('types are published for every entry point', () => {
  expect(published).toEqual(
    expect.arrayContaining(
      ['index', 'metrics', 'bullmq', 'view', 'opentelemetry'].flatMap((entry) => [
        `${entry}.d.ts`,
        `${entry}.d.cts`,
      ]),
    ),
  );
});

test.each(published)('%s says any nowhere', (path) => {
  const code = (ts.sys.readFile(`${root}dist/${path}`) as string)
    .replace(/\/\*[\s\S]*?\*\//g, '')
    .replace(/\/\/.*/g, '');
  expect(code.match(/^.*\bany\b.*$/gm) ?? []).toEqual([]);
});
