import type { TenantDatabase } from '../database/database.ts';
import type { DuplicateReason, MergedKind } from '../database/generated/client.ts';
import { asUuid } from '../database/ids.ts';
import { keyset, pagesOf } from '../database/keyset.ts';
import { oneByUuid } from '../database/loaders.ts';
import type { PageArguments } from '../database/pages.ts';
import { nothing, rows, type Selected } from '../database/sql/columns.ts';
import { anyKey, none, parameter, sql, tenant } from '../database/sql/fragment.ts';
import { statement } from '../database/sql/statement.ts';
import {
  array,
  assured,
  enumeration,
  integer,
  list,
  nullable,
  textOf,
  timestamptz,
  uuid,
} from '../database/sql/types.ts';
import { Problem } from '../errors/catalogue.ts';

/** Some who may be the same person. */
export type Candidate = {
  id: string;
  kind: MergedKind;
  memberIds: string[];
  /** The participants that lead to all of them. */
  viaIds: string[];
  reasons: DuplicateReason[];
  /** In percent. */
  confidence: number;
  createdAt: Date;
  dismissedAt: Date | null;
};

const kind = enumeration<MergedKind>('MergedKind');
const reason = enumeration<DuplicateReason>('DuplicateReason');
const row: Selected<Candidate> = {
  ...sql`c.id, c.kind, c.member_ids as "memberIds", c.via_ids as "viaIds", c.reasons::text[] as reasons, c.confidence,
    c.created_at as "createdAt", c.dismissed_at as "dismissedAt"`,
  ...rows({
    id: uuid,
    kind,
    memberIds: assured(list(uuid)),
    viaIds: assured(list(uuid)),
    reasons: assured(list(textOf<DuplicateReason>())),
    confidence: integer,
    createdAt: timestamptz,
    dismissedAt: nullable(timestamptz),
  }),
};

/** Candidates by their ids. */
export const candidateById = oneByUuid(
  statement(row)`select ${row} from duplicate_candidate c where c.tenant_id = ${tenant} and c.id = ${anyKey(uuid)}`,
  'id',
);

/** The filter of a page of candidates. All given conditions must hold. */
export type CandidateFilter = {
  kind?: MergedKind | null | undefined;
  reason?: DuplicateReason | null | undefined;
};

// The job follows changes a little later: until then one whose members were merged or deleted is left out.
const twoAreThere = sql`case c.kind
  when 'EXTERNAL_USER' then (select count(*) from external_user u where u.tenant_id = c.tenant_id and u.id = any(c.member_ids))
  else (select count(*) from participant p where p.tenant_id = c.tenant_id and p.id = any(c.member_ids)) end > 1`;

const pages = pagesOf({
  keyset: keyset(
    [
      { column: 'c.confidence', type: 'integer' },
      { column: 'c.id', type: 'uuid' },
    ],
    true,
  ),
  keysOf: ({ confidence, id }: Candidate) => [String(confidence), id],
  select: () => row,
  whole: (parts: object) => parts,
  from: (has: { kind: boolean; reason: boolean }, within) =>
    sql`duplicate_candidate c where c.tenant_id = ${tenant} and c.dismissed_at is null${
      has.kind ? sql` and c.kind = ${parameter('kind', nullable(kind))}` : none
    }${
      has.reason ? sql` and c.reasons @> array[${parameter('reason', nullable(reason))}]` : none
    } and ${twoAreThere}${within}`,
  read: (found: Candidate[]) => found,
});

const everything = { own: null };

/**
 * Returns a page of those who may be the same and were not dismissed, the most likely first. Throws VALIDATION_FAILED
 * for invalid page arguments.
 */
export function pageOfCandidates(db: TenantDatabase, filter: CandidateFilter, args: PageArguments) {
  const { kind = null, reason = null } = filter;
  return pages(db, { kind: kind !== null, reason: reason !== null }, { kind, reason }, args, everything);
}

/** The error for a candidate that the tenant does not have, or not any more. */
const candidateNotFound = (id: string) =>
  new Problem('DUPLICATE_CANDIDATE_NOT_FOUND', `There is no duplicate candidate ${id}.`);

const dismiss = statement(row)`
  update duplicate_candidate c set dismissed_at = coalesce(c.dismissed_at, now())
  where c.tenant_id = ${tenant} and c.id = ${parameter('id', uuid)} returning ${row}`;

/**
 * Says that those of a candidate are not the same: it is not listed any more, until there is another reason. A repeat
 * changes nothing. Throws DUPLICATE_CANDIDATE_NOT_FOUND.
 */
export async function dismissCandidate(db: TenantDatabase, input: { id: string }): Promise<Candidate> {
  const id = asUuid(input.id);
  const [dismissed] = id ? await db.query(dismiss, { id }) : [];
  if (!dismissed) throw candidateNotFound(input.id);
  return dismissed;
}

const ids = parameter('ids', array(uuid));
const forget = statement(nothing)`
  with keys as (
    delete from duplicate_key k where k.tenant_id = ${tenant} and k.subject_id = any(${ids})
  ) delete from duplicate_candidate c where c.tenant_id = ${tenant} and c.id in (
    select m.candidate_id from duplicate_member m where m.tenant_id = ${tenant} and m.subject_id = any(${ids}))`;

/** Deletes what is known of duplicates of those who are erased. */
export const forgetDuplicates = async (db: Pick<TenantDatabase, 'query'>, ids: readonly string[]): Promise<void> => {
  await db.query(forget, { ids });
};
