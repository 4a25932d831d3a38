/**
 * Takes out of a generated page what its signatures say already. It knows Markdown as the generator writes it, and no
 * names of the package.
 */

/** Headings whose section is left out, whatever stands in it. */
const REPETITIONS = /^#+ (?:Type Parameters|Overrides|Implementation of|Inherited from|Extended by)$/;

/** @param {string} text */
export function tidy(text) {
  const sections = text.split(/^(?=#+ |\*\*\*$)/m).map((section) => section.trimEnd());
  return `${sections.filter(isWorthReading).map(shorter).join('\n\n')}\n`;
}

function isWorthReading(section) {
  const [heading = '', ...lines] = section.split('\n');
  if (REPETITIONS.test(heading)) return false;
  const body = lines.filter((line) => line !== '');
  if (/^#+ Returns$/.test(heading)) return body.length > 1;
  // Names and types alone stand in the signature.
  return !/^#+ Parameters$/.test(heading) || body[0]?.includes('Description');
}

/** The members of one thing need no headings for their tags. */
function shorter(section) {
  return section
    .replace(
      /^#+ (Throws|Returns|Parameters)$\n\n(?:`[^\n]*`\n\n)?/m,
      (_, tag) => `**${tag}**${tag === 'Parameters' ? '\n\n' : ' '}`,
    )
    .replace(/^#+ (Example|Default Value|Deprecated)$/m, '**$1**');
}
