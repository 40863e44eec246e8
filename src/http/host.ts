import type { IncomingMessage } from 'node:http';

const longest = 261;
const nameAndPort = /^(?:\[[0-9a-f:.]+\]|[a-z0-9_-]+(?:\.[a-z0-9_-]+)*\.?)(?::\d{1,5})?$/i;

// Nearly all requests name the same host.
let lastHost = '';

/** Returns whether a Host header is exactly `host` or `host:port`. URLs are made with it. */
function isHost(header: string): boolean {
  if (header !== '' && header === lastHost) return true;
  const isOne = header.length <= longest && nameAndPort.test(header) && URL.canParse(`http://${header}`);
  if (isOne) lastHost = header;
  return isOne;
}

/**
 * Returns whether a request names one valid host. Of several Host headers Node keeps the first, and a proxy may have
 * routed by another. A request of HTTP/1.0 may name none.
 */
export function hasOneHost({ headers, rawHeaders }: IncomingMessage): boolean {
  if (headers.host === undefined) return true;
  let hosts = 0;
  for (let index = 0; index < rawHeaders.length; index += 2)
    if (rawHeaders[index]?.length === 4 && rawHeaders[index]?.toLowerCase() === 'host') hosts += 1;
  return hosts === 1 && isHost(headers.host);
}

/**
 * Returns a request's target as a path and a query. A target in the absolute form, as to a proxy, names the host too
 * (RFC 9112, section 3.2.2). One that is neither, like the `*` of OPTIONS, becomes a path that leads nowhere.
 */
export function originForm(target = '/'): string {
  const [origin] = /^https?:\/\/[^/?#]*/i.exec(target) ?? [];
  if (origin === undefined) return target.startsWith('/') ? target : `/${target}`;
  const rest = target.slice(origin.length);
  return rest.startsWith('/') ? rest : `/${rest}`;
}

const loopback = /^(localhost|127\.\d+\.\d+\.\d+|\[?::1\]?|::ffff:127\.\d+\.\d+\.\d+)$/;

/** Returns whether a host name or an address means this machine. */
export const isLoopback = (host: string): boolean => loopback.test(host);
