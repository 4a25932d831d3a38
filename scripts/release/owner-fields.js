/** What only the owner of the package knows, and package.json must say before a release. */

const PURPOSES = {
  repository: 'the address of the repository, which provenance is checked against',
  homepage: 'where its documents are',
  bugs: 'where faults are reported',
  author: 'who answers for it',
};

/** @throws Error that names each field of package.json that is missing or empty. */
export function assertOwnerFields(manifest) {
  const missing = Object.keys(PURPOSES).filter((field) => isEmpty(manifest[field]));
  if (missing.length === 0) return;
  const lines = missing.map((field) => `  "${field}": ${PURPOSES[field]}`);
  throw new Error(`package.json lacks what only its owner can fill in:\n${lines.join('\n')}`);
}

/** Each may be a text, or an object with the text in `url` or `name`. */
function isEmpty(value) {
  const text = typeof value === 'object' ? (value?.url ?? value?.name) : value;
  return typeof text !== 'string' || text.trim() === '';
}
