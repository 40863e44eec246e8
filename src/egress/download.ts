import type { LookupAddress } from 'node:dns';
import { lookup } from 'node:dns/promises';
import { isIP, type LookupFunction } from 'node:net';
import ipaddr from 'ipaddr.js';
import { buildConnector, Client } from 'undici';
import { Problem } from '../errors/catalogue.ts';
import { retryAfterSeconds } from './retry-after.ts';

export type DownloaderOptions = {
  /** `host:port` pairs that may be reached although they are not public. */
  allow: readonly string[];
  maxBytes: number;
  /** For the whole download, with redirects and body. */
  timeoutMs: number;
  /** Resolves names to addresses. The system's resolver unless given. */
  resolve?: (hostname: string) => Promise<LookupAddress[]>;
};

/** Fetches the bytes of a URL. Throws an AVATAR_… or PROVIDER_… problem. */
export type Download = (url: string) => Promise<Uint8Array>;

const maxRedirects = 3;
const redirectStatuses = new Set([301, 302, 303, 307, 308]);
// A public address, but inside every Azure machine it is the platform's own service.
const platformAddresses = new Set(['168.63.129.16']);
const globalUnicast = ipaddr.IPv6.parseCIDR('2000::/3');

/**
 * Creates a downloader that reaches only public addresses and the allowed `host:port` pairs. It checks the address of
 * every connection. Throws a TypeError for an entry of `allow` that is not `host:port`.
 */
export function createDownloader(options: DownloaderOptions): Download {
  const { allow, maxBytes, timeoutMs, resolve = (hostname) => lookup(hostname, { all: true }) } = options;
  const allowed = new Set(allow.map((entry) => hostAndPort(new URL(`http://${entry}`))));
  const isAllowed = (url: URL) => allowed.has(hostAndPort(url));

  return async (address) => {
    const deadline = AbortSignal.timeout(timeoutMs);
    try {
      let url = target(address);
      for (let redirects = 0; redirects <= maxRedirects; redirects += 1) {
        const answer = await visit(url, { guarded: !isAllowed(url), resolve, deadline, maxBytes });
        if (answer instanceof Uint8Array) return answer;
        url = redirectTarget(url, answer.location, isAllowed);
      }
    } catch (cause) {
      if (cause instanceof Problem) throw cause;
      if (deadline.aborted) {
        throw new Problem('PROVIDER_UNAVAILABLE', 'The provider took too long to send the image.', {
          status: 504,
          cause,
        });
      }
      throw failed('The provider’s image could not be fetched.', cause);
    }
    throw notAllowed();
  };
}

/**
 * Returns whether an address is public. Private, local and reserved ranges, IPv4 addresses wrapped in IPv6 ones, and
 * texts that are no address are not.
 */
export function isPublicAddress(address: string): boolean {
  if (isIP(address) === 0 || platformAddresses.has(address)) return false;
  const parsed = ipaddr.parse(address);
  if (parsed instanceof ipaddr.IPv6 && !parsed.match(globalUnicast)) return false;
  return parsed.range() === 'unicast';
}

/**
 * Returns the target of a redirect. Throws PROVIDER_UNAVAILABLE for schemes other than http and https, for credentials
 * in the URL, and for a step from https to http unless the host is allowed.
 */
export function redirectTarget(from: URL, location: string, isAllowed: (url: URL) => boolean): URL {
  const to = target(location, from);
  if (from.protocol === 'https:' && to.protocol === 'http:' && !isAllowed(to)) throw notAllowed();
  return to;
}

type Visit = {
  guarded: boolean;
  resolve: (hostname: string) => Promise<LookupAddress[]>;
  deadline: AbortSignal;
  maxBytes: number;
};

// Each request has its own connection, so the checked address is the one that is used, and nothing stays open.
async function visit(
  url: URL,
  { guarded, resolve, deadline, maxBytes }: Visit,
): Promise<Uint8Array | { location: string }> {
  // A literal address is used without a DNS query.
  const literal = url.hostname.replace(/^\[|\]$/g, '');
  if (guarded && isIP(literal) !== 0 && !isPublicAddress(literal)) throw notAllowed();
  const client = new Client(url.origin, {
    // The deadline alone decides. It ends the socket in every state, from the DNS query to a slow body.
    connect: buildConnector({ lookup: checkedLookup(resolve, guarded), signal: deadline, timeout: 0 }),
    headersTimeout: 0,
    bodyTimeout: 0,
  });
  try {
    const { statusCode, headers, body } = await client.request({
      method: 'GET',
      path: url.pathname + url.search,
      headers: { accept: 'image/*', 'accept-encoding': 'identity', 'user-agent': 'Rollcall' },
    });
    if (redirectStatuses.has(statusCode)) return { location: oneOf(headers['location']) ?? '' };
    refuseStatus(statusCode, oneOf(headers['retry-after']));
    // Decompress nothing: a small body could become a large one.
    const encoding = oneOf(headers['content-encoding']) ?? 'identity';
    if (encoding !== 'identity') throw failed('The provider sent the image in an encoding that was not asked for.');
    if (Number(oneOf(headers['content-length'])) > maxBytes) throw tooLarge(maxBytes);
    return await readAtMost(body, maxBytes);
  } finally {
    await client.destroy();
  }
}

function refuseStatus(status: number, retryAfter: string | undefined): void {
  if (status === 200) return;
  if (status === 404 || status === 410) {
    throw new Problem('AVATAR_NOT_AVAILABLE', 'The provider has no image at the address it named.');
  }
  if (status === 429) {
    const options = { retryAfter: retryAfterSeconds(retryAfter) };
    throw new Problem('PROVIDER_RATE_LIMITED', 'The provider asks to wait before fetching more images.', options);
  }
  throw failed(`The provider answered with HTTP status ${status} when asked for the image.`);
}

async function readAtMost(body: AsyncIterable<Uint8Array>, maxBytes: number): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of body) {
    length += chunk.length;
    // The declared length can be wrong or missing.
    if (length > maxBytes) throw tooLarge(maxBytes);
    chunks.push(chunk);
  }
  if (length === 0) throw new Problem('AVATAR_INVALID', 'The image is empty.');
  return new Uint8Array(Buffer.concat(chunks, length));
}

// Connect to the checked addresses: a second DNS answer must not replace them.
function checkedLookup(resolve: Visit['resolve'], guarded: boolean): LookupFunction {
  return (hostname, { all }, callback) => {
    resolve(hostname).then(
      (addresses) => {
        const [first] = addresses;
        if (!first) callback(new Error('The name has no address.'), '');
        else if (guarded && !addresses.every(({ address }) => isPublicAddress(address))) callback(notAllowed(), '');
        else if (all) callback(null, addresses);
        else callback(null, first.address, first.family);
      },
      (error: Error) => callback(error, ''),
    );
  };
}

function target(address: string, base?: URL): URL {
  const url = URL.canParse(address, base?.href) ? new URL(address, base) : null;
  if (!url || !['http:', 'https:'].includes(url.protocol) || url.username || url.password || address === '')
    throw notAllowed();
  return url;
}

function hostAndPort({ hostname, port, protocol }: URL): string {
  return `${hostname}:${port || (protocol === 'https:' ? '443' : '80')}`;
}

function oneOf(header: string | string[] | undefined): string | undefined {
  return Array.isArray(header) ? header[0] : header;
}

function notAllowed(): Problem {
  return new Problem('PROVIDER_UNAVAILABLE', 'The provider’s image address is not allowed.');
}

function failed(detail: string, cause?: unknown): Problem {
  return new Problem('PROVIDER_UNAVAILABLE', detail, { cause });
}

function tooLarge(maxBytes: number): Problem {
  return new Problem('AVATAR_INVALID', `The image is larger than ${maxBytes.toLocaleString('en')} bytes.`);
}
