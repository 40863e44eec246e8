import type { IncomingMessage } from 'node:http';
import { Problem } from '../errors/catalogue.ts';
import { unlisted } from '../http/cross-origin.ts';
import { isLoopback } from '../http/host.ts';

export type OriginOptions = {
  isListed(origin: string): boolean;
  publicUrl(): string;
  onlyThisMachine: boolean;
};

/**
 * Refuses what a page of a stranger sends by way of a name that it has pointed at this machine (DNS rebinding). A page
 * must come from this service, from this machine, or from an origin that CORS_ORIGINS names. A service that listens
 * on this machine alone must be called by this machine's name, or by its own. Throws FORBIDDEN.
 */
export function demandOrigin({ headers }: IncomingMessage, options: OriginOptions): void {
  const { origin, host } = headers;
  const own = new URL(options.publicUrl());
  if (options.onlyThisMachine && host !== undefined) {
    const { hostname } = new URL(`http://${host}`);
    if (!isLoopback(hostname) && hostname !== own.hostname)
      throw new Problem(
        'FORBIDDEN',
        `This service is not ${hostname.slice(0, 200)}: call it by localhost, or set PUBLIC_URL.`,
      );
  }
  if (origin === undefined || origin === own.origin || options.isListed(origin)) return;
  if (URL.canParse(origin) && isLoopback(new URL(origin).hostname)) return;
  throw new Problem('FORBIDDEN', unlisted(origin));
}
