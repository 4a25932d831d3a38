/** The first of the API pages: what stands on which. It knows the others by their headings. */

const importedFrom = {
  'metrics.md': 'loky/metrics',
  'bullmq.md': 'loky/bullmq',
  'view.md': 'loky/view',
  'opentelemetry.md': 'loky/opentelemetry',
};

/** @param {Map<string, string>} pages File names with their texts. */
export function contents(pages) {
  const rows = [...pages].map(([file, text]) => {
    const names = [...text.matchAll(/^### (\S+?)(?:\(\))?$/gm)].map(
      ([, name]) => `\`${name.replaceAll('\\', '')}\``,
    );
    const title = /^# (.*)$/m.exec(text)?.[1] ?? file;
    return `| [${title}](${file}) | \`${importedFrom[file] ?? 'loky'}\` | ${[...new Set(names)].join(', ')} |`;
  });
  return `# API

What can be imported, with its types. Durations are in milliseconds, sizes in bytes, unless a name says otherwise. These
pages are written by \`npm run docs\` from the comments in the sources; the [guide](../guide.md) is the place to begin.

| page | import from | what is there |
|---|---|---|
${rows.join('\n')}
`;
}
