import { visibleMembership, visibleToAny } from '../auth/visible-conversations.ts';
import type { TenantDatabase } from '../database/database.ts';
import { type ConversationMember, type IdentifierKey, MemberType } from '../database/generated/client.ts';
import { asUuid } from '../database/ids.ts';
import { bounded, type Loader, manyBy, mostRows, oneByUuid } from '../database/loaders.ts';
import {
  columns,
  type Fields,
  oncePer,
  parseTimestamps,
  type Statement,
  tenantStatement,
} from '../database/statement.ts';
import { viewerStatement } from '../database/viewers.ts';
import {
  asListed,
  type ListedParticipant,
  type ParticipantParts,
  participantAlone,
  participantRow,
  wholeParticipant,
} from '../directory/participants/queries.ts';
import { Problem } from '../errors/catalogue.ts';
import { hasIdentifier, identifier, identifierKeys } from '../external-users/identifiers.ts';
import { listedUser } from '../external-users/queries.ts';
import type { Member } from './subject.ts';

/** A membership as a statement returns it: its subject is JSON, so moments in it are text. */
export type MemberRow = ConversationMember & { subject: Record<string, unknown> | null };

/**
 * What to read of memberships, and of whom they are about; null for all of it. Who reads less than all must ask for nothing else of the rows.
 */
export type MemberParts = {
  own: Fields;
  subject: { participant: ParticipantParts; externalUser: Fields; agent: Fields } | 'nothing' | null;
};

const json = (select: string, from: string) => `(select row_to_json(s) from (select ${select} from ${from}) s)`;

/** The select list of a membership with its subject, or with some of that, from `conversation_member m`. */
export const memberRowOf = oncePer(({ own, subject }: MemberParts) => {
  if (subject === 'nothing') return `${columns('ConversationMember', 'm', own)}, null::json as subject`;
  const { participant, externalUser, agent } = subject ?? {
    participant: participantAlone,
    externalUser: null,
    agent: null,
  };
  return `${columns('ConversationMember', 'm', own)}, case m.type
  when 'USER' then ${json(participantRow(participant), 'participant p where p.tenant_id = m.tenant_id and p.id = m.user_id')}
  when 'CONTACT' then ${json(columns('ExternalUser', 'u', externalUser), 'external_user u where u.tenant_id = m.tenant_id and u.id = m.contact_id')}
  when 'AGENT' then ${json(columns('Agent', 'a', agent), 'agent a where a.tenant_id = m.tenant_id and a.id = m.agent_id')}
  end as subject`;
});

/** The select list of a membership with its subject, all but the metadata of an external user, from `conversation_member m`. */
export const memberRow = memberRowOf({
  own: null,
  subject: { participant: participantAlone, externalUser: listedUser, agent: null },
});

/** Rows that were selected by `memberRow`, their subjects' moments as those of any other row. */
export function asMembers<Selected extends MemberRow>(rows: Selected[]): (Selected & Member)[] {
  for (const { subject } of rows) {
    if (!subject) continue;
    parseTimestamps([subject]);
    asListed([subject as ListedParticipant]);
  }
  return rows as (Selected & Member)[];
}

/** The same parts, each of them with all that it has. */
export const wholeMember = oncePer(
  ({ subject }: MemberParts): MemberParts => ({
    own: null,
    subject:
      subject && subject !== 'nothing'
        ? { participant: wholeParticipant(subject.participant), externalUser: null, agent: null }
        : subject,
  }),
);

function withSubjects<Key>(loader: Loader<Key, MemberRow[]>): Loader<Key, Member[]> {
  return {
    ...loader,
    load: async (database, keys) => (await loader.load(database, keys)).map(asMembers),
  };
}

/** Who takes part in conversations that the viewer sees, the first to come first. Throws RESULT_TOO_LARGE. */
export const membersByConversation = withSubjects(
  bounded(
    manyBy(
      viewerStatement<MemberRow>(
        '$3',
        (agent) => `select ${memberRow} from (
           select * from conversation_member m
           where ${visibleMembership('m', agent)} and m.conversation_id = any($2::uuid[]) limit ${mostRows + 1}) m
         order by m.conversation_id, m.id`,
      ),
      'conversationId',
    ),
    'conversation participants: use participantsConnection',
  ),
);

const oneById = oneByUuid(
  viewerStatement<MemberRow>(
    '$3',
    (agent) =>
      `select ${memberRow} from conversation_member m where ${visibleMembership('m', agent)} and m.id = any($2::uuid[])`,
  ),
  'id',
);

/** Memberships by their own ids, of conversations that the viewer sees. */
export const memberById: Loader<string, Member | null> = {
  async load(database, ids) {
    const rows = await oneById.load(database, ids);
    asMembers(rows.filter((row) => row !== null));
    return rows as (Member | null)[];
  },
};

/** How callers name one membership of a conversation: by what it is about, or by an identifier of the contact it is about. */
export type MemberName = {
  participantId?: string | null | undefined;
  contact?: { identifierKey: IdentifierKey; identifierValue: string } | null | undefined;
};

/** A checked MemberName, as the statements take it. */
export type MemberKey = { readonly by: IdentifierKey | 'participantId'; readonly value: string | readonly string[] };

/** Checks how a membership was named. Throws VALIDATION_FAILED unless it was by exactly one of the two; `path` says where the name stands. */
export function memberKey({ participantId, contact }: MemberName, path: readonly string[]): MemberKey {
  if ((participantId == null) === (contact == null)) {
    const message = 'must be given, or contact, and not both';
    throw new Problem('VALIDATION_FAILED', `participantId ${message}`, {
      errors: [{ path: [...path, 'participantId'], message }],
    });
  }
  if (contact) {
    const { key, value } = identifier(contact.identifierKey, contact.identifierValue, [
      ...path,
      'contact',
      'identifierValue',
    ]);
    return { by: key, value };
  }
  // Ids of people are UUIDs, in any case; those of flows are the callers' own.
  const id = participantId as string;
  return { by: 'participantId', value: [...new Set([id, asUuid(id) ?? id])] };
}

// Naming each type makes every look-up a short walk down the unique index, however many take part.
const everyType = Object.values(MemberType).map((type) => `'${type}'`);

const find = Object.fromEntries(
  (['participantId', ...identifierKeys] as const).map((by) => [
    by,
    tenantStatement(
      `select ${memberRow} from conversation_member m join conversation c on c.tenant_id = m.tenant_id and c.id = m.conversation_id
       where ${visibleToAny('c', '$2')} and m.conversation_id = $3::uuid and ${
         by === 'participantId'
           ? `m.type in (${everyType}) and m.participant_id = any($4::text[])`
           : `m.type = 'CONTACT' and m.participant_id = (
                select u.id::text from external_user u where u.tenant_id = $1 and ${hasIdentifier(by, 'u', '$4')})`
       } order by m.type limit 1`,
    ),
  ]),
) as Record<MemberKey['by'], Statement<MemberRow>>;

/** The membership of that name in a conversation that the viewer sees, or null; where several types share an id, a USER comes first. */
export async function findMember(
  db: Pick<TenantDatabase, 'query' | 'agentId'>,
  conversationId: string,
  { by, value }: MemberKey,
): Promise<Member | null> {
  const [member] = asMembers(await db.query(find[by], db.agentId, conversationId, value));
  return member ?? null;
}
