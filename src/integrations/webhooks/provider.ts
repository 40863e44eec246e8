import { z } from 'zod';
import { Problem } from '../../errors/catalogue.ts';
import { nameOrNull, text } from '../../values/text.ts';

/** A request that a provider sent, whole. */
export type WebhookRequest = {
  headers: { get(name: string): string | null };
  /** Exactly the bytes that were signed. */
  body: Buffer;
  /**
   * What this key's deliveries may be signed with, its own secret first; empty where the provider has a secret of its
   * own.
   */
  secrets: readonly string[];
  /**
   * The workspace that the integration config is connected to, as the provider calls it; null when that is not known.
   */
  workspaceId: string | null;
  /** When it came. */
  arrivedAt: Date;
};

/** What a request turned out to be. */
export type Reading =
  /** The provider's handshake, and the text to answer it with. */
  | { kind: 'handshake'; answer: string }
  /** Not a message that somebody wrote. It is acknowledged, and nothing is recorded. */
  | { kind: 'nothing' }
  /** An address was replaced by another one: channels move with it. */
  | { kind: 'moved'; from: string; to: string }
  | {
      kind: 'message';
      /** What the provider calls this message: the same each time it is delivered. */
      deliveryId: string;
      /** The sender, as the provider's channels spell it. */
      address: string;
      /** The sender's public name, where channels may have that for an address (`@ada`); null when there is none. */
      publicName: string | null;
      /** What the provider says they are called; null when it doesn't. */
      displayName: string | null;
      /** When it was sent, by the provider's clock; null when it doesn't say. */
      sentAt: Date | null;
    };

/** Verifies a provider's deliveries and reads them. One implementation a provider, and one for the rest. */
export interface WebhookProvider {
  /** Why no delivery can be verified here at all; null when they can. */
  readonly unusable: string | null;
  /** A secret for a new key; null where the provider signs with one of its own. */
  newSecret(): string | null;
  /** Throws UNAUTHENTICATED unless the provider sent the request, and lately where it says when. */
  verify(request: WebhookRequest): void;
  /**
   * Asks the provider which workspace a token is for. Null when it does not say. Only where deliveries name their
   * workspace. Throws a PROVIDER_… problem.
   */
  workspaceOf?(token: string): Promise<string | null>;
  /**
   * Throws BAD_USER_INPUT and VALIDATION_FAILED for what the provider does not send, FORBIDDEN for another workspace's.
   */
  read(request: WebhookRequest): Reading;
}

/** The way to a provider's webhooks by its name; every name has one. */
export type WebhookProviders = (provider: string) => WebhookProvider;

/** How far the clock of a signature may be off, in milliseconds, on either side. */
export const signatureWindow = 5 * 60_000;

/** The error for what the provider cannot be shown to have sent. It doesn't say why: whoever tries learns nothing. */
export const notVerified = () => new Problem('UNAUTHENTICATED', 'The delivery does not verify.');

/** An address as channels have them. */
export const senderAddress = text(1, 4_000);

const utf8 = new TextDecoder('utf-8', { fatal: true });

/** The request's body as that kind of JSON. Throws BAD_USER_INPUT, VALIDATION_FAILED. */
export function bodyAs<Schema extends z.ZodType>(
  schema: Schema,
  { body }: Pick<WebhookRequest, 'body'>,
): z.output<Schema> {
  let json: unknown;
  try {
    json = JSON.parse(utf8.decode(body));
  } catch {
    throw new Problem('BAD_USER_INPUT', 'The body is not JSON.');
  }
  const result = schema.safeParse(json);
  if (result.success) return result.data;
  const errors = result.error.issues
    .slice(0, 20)
    .map(({ path, message }) => ({ path: path as (string | number)[], message }));
  throw new Problem('VALIDATION_FAILED', `${errors[0]?.path.join('.') || 'The body'} ${errors[0]?.message}`, {
    errors,
  });
}

/** A name as unknown senders have them: 1 to 150 characters of text, or null when nothing of it can be seen. */
export function nameFrom(...parts: (string | null | undefined)[]): string | null {
  return nameOrNull(parts.filter(Boolean).join(' '));
}

/** A time in whole or broken seconds, as a date; null when it is none. */
export function fromSeconds(seconds: number | null | undefined): Date | null {
  const date = new Date((seconds ?? Number.NaN) * 1_000);
  return Number.isNaN(date.getTime()) ? null : date;
}

/** Text that may be left out. What is no text is as good as left out: it costs nobody a message. */
export const optionalText = z.string().nullish().catch(null);

/** A number that may be left out; what is no number is as good as left out. */
export const optionalNumber = z.number().nullish().catch(null);

/** True, or as good as absent. */
export const optionalFlag = z.boolean().nullish().catch(null);
