/** CHANGELOG.md, in the form of Keep a Changelog. It knows text alone. */

const UNRELEASED = '## [Unreleased]';

/** Whether a version has a section of its own. */
export function isReleased(text, version) {
  return text.includes(`\n## [${version}] - `);
}

/** What stands under Unreleased. */
export function unreleased(text) {
  const start = text.indexOf(UNRELEASED);
  if (start === -1) throw new Error(`Expected CHANGELOG.md to have a section "${UNRELEASED}".`);
  const [notes = ''] = text.slice(start + UNRELEASED.length).split(/^## /m);
  return notes.trim();
}

/**
 * The text with what was unreleased under its version and date, and nothing unreleased.
 *
 * @throws if there is nothing to release, or the version has its section already.
 */
export function release(text, version, date) {
  if (isReleased(text, version))
    throw new Error(`CHANGELOG.md has a section for ${version} already: release another version.`);
  if (unreleased(text) === '') {
    throw new Error(
      `Expected notes under "${UNRELEASED}" in CHANGELOG.md: say there what is new, then release it.`,
    );
  }
  return text.replace(UNRELEASED, `${UNRELEASED}\n\n## [${version}] - ${date}`);
}
