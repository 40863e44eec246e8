import type { TenantDatabase } from '../database/database.ts';
import { droppedEmailsOf } from '../database/dropped-emails.ts';
import type { ExternalUser, Participant } from '../database/generated/client.ts';
import { mergedIdsOf } from '../database/merges-of.ts';
import { addressText, fkText, identityText, idText } from '../erasure/digests.ts';
import { Problem } from '../errors/catalogue.ts';
import { type Identity, type IdentityInput, identityOf, personOf } from '../identity/who-is.ts';
import { telephoneKey } from '../values/phone-number.ts';
import { channelsOf, goneOf, identifiersOf } from './theirs.ts';

/** What reads of a person run on: the database, or a transaction. */
export type Queries = Pick<TenantDatabase, 'query'>;

/** The person that an identifier leads to: external users, and participants who are persons. */
export type Person = { by: Identity; users: ExternalUser[]; participants: Participant[] };

/**
 * Finds the person that an identifier leads to, across external users and participants, also by an e-mail address that
 * a merge has dropped. Groups and agents with the identifier are nobody's data. Throws VALIDATION_FAILED, and
 * RESULT_TOO_LARGE over 10,000.
 */
export async function findPerson(db: Queries, input: IdentityInput): Promise<Person> {
  const by = await identityOf(db, input);
  const { users, participants } = await personOf(db, by);
  return { by, users, participants: participants.filter(({ kind }) => kind === 'PERSON') };
}

/** The texts whose digests stand for the identifier that was named. */
export function textsOf({ email, phoneNumber, fkId, provider, addressKeys }: Identity): string[] {
  return [
    ...[email?.toLowerCase(), phoneNumber].flatMap((key) => (key ? identityText(key) : [])),
    ...(fkId ? [fkText(fkId)] : []),
    ...(provider ? addressKeys.map((key) => addressText(provider, key)) : []),
  ];
}

type Identifiers = Awaited<ReturnType<typeof everythingOf>>['identifiers'];
type Channels = Awaited<ReturnType<typeof everythingOf>>['channels'];

/** The texts of everything by which the person could come back. */
function everyText(
  { by, users, participants }: Person,
  channels: Channels,
  identifiers: Identifiers,
  dropped: readonly { email: string }[],
): string[] {
  const texts = [
    ...textsOf(by),
    ...dropped.map(({ email }) => identityText(email)),
    ...users.flatMap(({ email, phoneNumber, fkId }) => [
      ...(email ? [identityText(email.toLowerCase())] : []),
      ...(phoneNumber ? [identityText(telephoneKey(phoneNumber))] : []),
      ...(fkId ? [fkText(fkId)] : []),
    ]),
    ...identifiers.map(({ identifierKey, compareKey }) =>
      identifierKey === 'fkid' ? fkText(compareKey) : identityText(compareKey),
    ),
    ...participants.flatMap(({ email }) => (email ? [identityText(email.toLowerCase())] : [])),
    ...channels.flatMap(({ provider, key, identityKey }) => [
      addressText(provider, key),
      ...(identityKey ? [identityText(identityKey)] : []),
    ]),
  ];
  return [...new Set(texts)];
}

/** The ends of texts that begin with a word. */
const afterWord = (word: string, texts: readonly string[]) =>
  texts.flatMap((given) => (given.startsWith(`${word} `) ? [given.slice(word.length + 1)] : []));

/** The texts by which history has a person: an unknown sender's address stands there without its provider. */
const historyTexts = (texts: readonly string[], ids: readonly string[]) => [
  ...texts,
  ...afterWord('address', texts).map((given) => addressText('', given.slice(given.indexOf(' ') + 1))),
  ...ids.map(idText),
];

/**
 * Returns what the statements of `theirs.ts` take of a person: the ids of what is there, of what was merged into it,
 * and of what is gone and had one of its identifiers, and the texts of these identifiers.
 */
export async function everythingOf(db: Queries, person: Person) {
  const userIds = person.users.map(({ id }) => id).sort();
  const participantIds = person.participants.map(({ id }) => id).sort();
  const channels = await db.query(channelsOf, { participantIds });
  const identifiers = await db.query(identifiersOf, { userIds });
  const merged = (await db.query(mergedIdsOf, { ids: [...userIds, ...participantIds] })).map(({ id }) => id);
  const dropped = await db.query(droppedEmailsOf, { participantIds });
  const texts = everyText(person, channels, identifiers, dropped);
  const present = [...userIds, ...merged, ...participantIds];
  const gone = (await db.query(goneOf, { texts: historyTexts(texts, present) })).map(({ id }) => id);
  const ids = [...new Set([...present, ...gone])];
  const addresses = afterWord('address', texts);
  return {
    userIds,
    participantIds,
    ids,
    idTexts: ids,
    texts,
    identities: afterWord('identity', texts),
    providers: addresses.map((given) => given.slice(0, given.indexOf(' '))),
    addressKeys: addresses.map((given) => given.slice(given.indexOf(' ') + 1)),
    historyTexts: historyTexts(texts, ids),
    channels,
    identifiers,
  };
}

/** The error for a confirmation that is missing. */
export const unconfirmed = () =>
  new Problem('VALIDATION_FAILED', 'confirm must be true.', {
    errors: [{ path: ['input', 'confirm'], message: 'must be true' }],
  });
