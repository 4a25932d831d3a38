/** The page as it is shipped: one file, whose script and style are known by their hashes, so that nothing else may run. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { packageFile } from '../system/entry-points.ts';

interface PageFile {
  readonly html: Buffer;
  /** The value of `Content-Security-Policy`. */
  readonly policy: string;
}

let page: PageFile | undefined;

/** Read once, at the first request for the page. */
export function pageFile(): PageFile {
  page ??= withPolicy(readFileSync(packageFile('view.html')));
  return page;
}

export function withPolicy(html: Buffer): PageFile {
  const text = html.toString();
  const directives = [
    "default-src 'none'",
    `script-src ${hashOf(text, 'script')}`,
    `style-src ${hashOf(text, 'style')}`,
    "connect-src 'self'",
    'img-src data:',
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
    "require-trusted-types-for 'script'",
  ];
  return { html, policy: directives.join('; ') };
}

/** Of the one element of this name. */
function hashOf(html: string, element: 'script' | 'style'): string {
  const [, body = ''] = new RegExp(`<${element}>([\\s\\S]*?)</${element}>`).exec(html) ?? [];
  return `'sha256-${createHash('sha256').update(body).digest('base64')}'`;
}
