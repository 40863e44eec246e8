import { z } from 'zod';
import { Problem } from '../../errors/catalogue.ts';
import { nameOrNull, text } from '../../values/text.ts';

/** A complete request of a provider. */
export type WebhookRequest = {
  headers: { get(name: string): string | null };
  /** The exact bytes that were signed. */
  body: Buffer;
  /** The secrets that may sign this key's deliveries, its own first. Empty where the provider has one of its own. */
  secrets: readonly string[];
  /** The provider's id of the connected workspace. Null when it is not known. */
  workspaceId: string | null;
  /** When it arrived. */
  arrivedAt: Date;
};

/** The meaning of a request. */
export type Reading =
  /** The provider's handshake, and the text to answer. */
  | { kind: 'handshake'; answer: string }
  /** Not a message of a person. It is acknowledged, and nothing is recorded. */
  | { kind: 'nothing' }
  /** An address was replaced by another: channels move with it. */
  | { kind: 'moved'; from: string; to: string }
  | {
      kind: 'message';
      /** The provider's id of this message, the same for each delivery. */
      deliveryId: string;
      /** The sender, in the spelling of the provider's channels. */
      address: string;
      /** The sender's public name, where channels may have it as an address (`@ada`). Null when there is none. */
      publicName: string | null;
      /** The sender's display name. Null when the provider sends none. */
      displayName: string | null;
      /**
       * The provider's name of the conversation, if it is not one with the sender alone. Null when the provider does
       * not say.
       */
      conversationName: string | null;
      /** When it was sent, by the provider's clock. Null when the provider does not say. */
      sentAt: Date | null;
    };

/** Verifies and reads a provider's deliveries. */
export interface WebhookProvider {
  /** Why no delivery can be verified. Null when they can. */
  readonly unusable: string | null;
  /** Creates a secret for a new key. Null where the provider signs with one of its own. */
  newSecret(): string | null;
  /** Throws UNAUTHENTICATED unless the provider has signed the request, and recently where it has a timestamp. */
  verify(request: WebhookRequest): void;
  /**
   * Asks the provider which workspace a token is for. Null when it does not say. Only for providers whose deliveries
   * name their workspace. Throws a PROVIDER_… problem.
   */
  workspaceOf?(token: string): Promise<string | null>;
  /** Throws BAD_USER_INPUT and VALIDATION_FAILED for invalid bodies, FORBIDDEN for another workspace's. */
  read(request: WebhookRequest): Reading;
}

/** Returns a provider's webhook by name. Every name has one. */
export type WebhookProviders = (provider: string) => WebhookProvider;

/** How far the clock of a signature may differ in either direction. */
export const signatureWindow = 5 * 60_000;

/** Returns the error for a request that cannot be verified. It gives no reason, so that attackers learn nothing. */
export const notVerified = () => new Problem('UNAUTHENTICATED', 'The delivery does not verify.');

/** An address as channels have it. */
export const senderAddress = text(1, 4_000);

const utf8 = new TextDecoder('utf-8', { fatal: true });

/** Parses the request's body as that kind of JSON. Throws BAD_USER_INPUT, VALIDATION_FAILED. */
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

/** Returns a name for unknown senders: 1 to 150 characters, or null when nothing is visible. */
export function nameFrom(...parts: (string | null | undefined)[]): string | null {
  return nameOrNull(parts.filter(Boolean).join(' '));
}

/** Converts seconds, perhaps with a fraction, to a date. Null when they are none. */
export function fromSeconds(seconds: number | null | undefined): Date | null {
  const date = new Date((seconds ?? Number.NaN) * 1_000);
  return Number.isNaN(date.getTime()) ? null : date;
}

/** Optional text. Other values count as missing, so that they cost no message. */
export const optionalText = z.string().nullish().catch(null);

/** An optional number. Other values count as missing. */
export const optionalNumber = z.number().nullish().catch(null);

/** True, or missing. */
export const optionalFlag = z.boolean().nullish().catch(null);
