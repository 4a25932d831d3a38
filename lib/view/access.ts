/**
 * Who may see the page. A page of another site must not: neither by a request of its own, nor by a name of its own that it has
 * made to point to this machine. All of this is decided from the headers of a request.
 */
import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { isIP } from 'node:net';

/** Compared in a time that says nothing of either. */
export function isSame(given: string | undefined, token: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(given ?? ''), digest(token));
}

/**
 * Why a request is refused for its `Host`; `undefined` if it may pass. An address, unlike a name, cannot be made to point
 * elsewhere.
 *
 * @param hosts Names in lower case, without ports.
 */
export function hostFault(host: string | undefined, hosts: readonly string[]): string | undefined {
  const name = nameOf(host);
  if (name === undefined) return 'The request names no host.';
  const isAddress = isIP(name) !== 0 || (name.startsWith('[') && isIP(name.slice(1, -1)) === 6);
  if (isAddress || name === 'localhost' || hosts.includes(name)) return undefined;
  return 'This host name is not known to the view: open the page by address, or add the name to its option hosts.';
}

/**
 * Why a request is refused for where it comes from; `undefined` if it may pass.
 *
 * @param isRequired Whether a request that does not say is refused, too.
 */
export function originFault(headers: IncomingHttpHeaders, isRequired: boolean): string | undefined {
  const { origin, host } = headers;
  const site = headers['sec-fetch-site'];
  if (origin === undefined) {
    if (isRequired) return 'The request does not say which page it comes from.';
    return site === undefined || site === 'same-origin' || site === 'none' ? undefined : FOREIGN;
  }
  const from = URL.canParse(origin) ? new URL(origin) : undefined;
  const isOwn = from !== undefined && /^https?:$/.test(from.protocol) && from.host === host?.toLowerCase();
  return isOwn ? undefined : FOREIGN;
}

const FOREIGN = 'The request comes from a page of another site.';

function nameOf(host: string | undefined): string | undefined {
  if (host === undefined || !/^[\w.:[\]-]+$/.test(host) || !URL.canParse(`http://${host}`)) return undefined;
  return new URL(`http://${host}`).hostname.replace(/\.$/, '');
}
