/** Which version comes next. It reads and writes no file. */

const NUMBERS = /^(\d+)\.(\d+)\.(\d+)$/;

/**
 * @param {string} current The version in package.json.
 * @param {string | undefined} wanted `patch`, `minor`, `major`, a version, or nothing.
 * @param {boolean} isReleased Whether the current one was released already.
 */
export function nextVersion(current, wanted, isReleased) {
  const [, major, minor, patch] = (
    NUMBERS.exec(current) ?? fail(`package.json has the version ${current}`)
  ).map(Number);
  switch (wanted ?? (isReleased ? 'patch' : 'this')) {
    case 'this':
      return current;
    case 'patch':
      return `${major}.${minor}.${patch + 1}`;
    case 'minor':
      return `${major}.${minor + 1}.0`;
    case 'major':
      return `${major + 1}.0.0`;
    default:
      return NUMBERS.test(wanted) ? wanted : fail(`got ${JSON.stringify(wanted)}`);
  }
}

function fail(got) {
  throw new Error(`Expected patch, minor, major or a version such as 1.2.3, but ${got}.`);
}
