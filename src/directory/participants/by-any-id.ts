import type { Participant } from '../../database/generated/client.ts';
import { type Loader, oneByUuid } from '../../database/loaders.ts';
import { survivorOf } from '../../database/redirects.ts';
import { columns, rows } from '../../database/sql/columns.ts';
import { eachKey, sql, tenant } from '../../database/sql/fragment.ts';
import { statement } from '../../database/sql/statement.ts';
import { uuid } from '../../database/sql/types.ts';

const row = columns('Participant', 'p');

/**
 * Participants by their ids, those that were merged away too, in one statement for all, also where it has nobody of
 * some ids. For one that is probably there `participantById` is quicker.
 */
export const participantByAnyId: Loader<string, Participant | null> = oneByUuid(
  statement(rows({ askedId: uuid }, row))`
    select k.id as "askedId", ${row} from ${eachKey(uuid)} k (id) cross join lateral (
      select * from participant x where x.tenant_id = ${tenant} and x.id = ${survivorOf('PARTICIPANT', sql`k.id`, tenant)} limit 1) p`,
  'askedId',
);
