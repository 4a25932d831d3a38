/** Light or dark: as the system is, until the reader says otherwise. */
const KEY = 'loky-theme';
const dark = matchMedia('(prefers-color-scheme: dark)');

export function watchTheme(onChange: () => void): void {
  const stored = read();
  if (stored !== null) document.documentElement.dataset['theme'] = stored;
  dark.addEventListener('change', onChange);
}

export function toggleTheme(): void {
  const { dataset } = document.documentElement;
  const isDark = (dataset['theme'] ?? (dark.matches ? 'dark' : 'light')) === 'dark';
  dataset['theme'] = isDark ? 'light' : 'dark';
  try {
    localStorage.setItem(KEY, dataset['theme']);
  } catch {} // a file or a frame may have no storage
}

function read(): string | null {
  try {
    return localStorage.getItem(KEY);
  } catch {
    return null;
  }
}
