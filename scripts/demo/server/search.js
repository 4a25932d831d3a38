/** A CPU-heavy request: finds the product whose name comes nearest to what somebody has typed. */

const PRODUCTS = 20_000;
const words = [
  ...['copper', 'maple', 'silent', 'folding', 'marble', 'winter', 'little', 'northern', 'velvet', 'hollow'],
  ...[
    'kettle',
    'lantern',
    'bicycle',
    'compass',
    'ladder',
    'teapot',
    'blanket',
    'cabinet',
    'whistle',
    'hammer',
  ],
];

let products;

/** @returns The nearest name, and how many letters it is away. */
export function nearestProduct(query) {
  products ??= makeNames();
  let nearest = { name: '', distance: Number.POSITIVE_INFINITY };
  for (const name of products) {
    const distance = editDistance(query, name);
    if (distance < nearest.distance) nearest = { name, distance };
  }
  return nearest;
}

function makeNames() {
  return Array.from({ length: PRODUCTS }, (_, n) => {
    const word = (place) => words[Math.floor(n / words.length ** place) % words.length];
    return `${word(0)} ${word(1)} ${word(2)} ${n % 97}`;
  });
}

const row = new Uint16Array(256);

/** How many letters must be added, removed or replaced (Levenshtein). */
function editDistance(a, b) {
  for (let j = 0; j <= b.length; j += 1) row[j] = j;
  for (let i = 1; i <= a.length; i += 1) {
    let diagonal = row[0];
    row[0] = i;
    const letter = a.charCodeAt(i - 1);
    for (let j = 1; j <= b.length; j += 1) {
      const replaced = diagonal + (letter === b.charCodeAt(j - 1) ? 0 : 1);
      diagonal = row[j];
      row[j] = Math.min(replaced, row[j] + 1, row[j - 1] + 1);
    }
  }
  return row[b.length];
}
