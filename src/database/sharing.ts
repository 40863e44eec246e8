import type { Connection } from './connection.ts';
import { isOfStatement } from './failures.ts';
import { createGroupCommit, type GroupCommit } from './group-commit.ts';
import type { SharedStatement } from './statement.ts';

/** What a caller asks of a shared statement, by the names of its columns. */
export type Asked = Readonly<Record<string, string | null>>;

/** Runs shared statements: each for all who ask for it at the same moment. */
export interface Sharing {
  /** The row that the statement gives for this caller, or null when it gives none. */
  ask<Row>(statement: SharedStatement<Row>, tenantId: string, asked: Asked): Promise<Row | null>;
  /** Waits for what is under way. */
  drain(): Promise<void>;
}

/** Callers that one statement serves at the most, and that may wait. */
const batch = 64;
const capacity = 5_000;

type Group = GroupCommit<Asked & { tenant_id: string }, { n: number } | null>;

/** Groups of callers, one for each statement: there are as many as shapes that may be narrowed, and a few more. */
export function createSharing(
  connection: Pick<Connection, 'queryShared' | 'sharedAtOnce'>,
  observe: (text: string) => void = () => {},
): Sharing {
  const groups = new Map<string, Group>();

  function groupFor({ name, text }: SharedStatement<unknown>): Group {
    let group = groups.get(name);
    if (!group) {
      group = createGroupCommit({
        async write(items) {
          observe(text);
          try {
            const asked = JSON.stringify(items.map((item, n) => ({ ...item, n })));
            const [found] = (await connection.queryShared(name, text, [asked])) as [{ rows: string }];
            const rows: ({ n: number } | null)[] = items.map(() => null);
            for (const row of JSON.parse(found.rows) as { n: number }[]) rows[row.n] = row;
            return rows;
          } catch (error) {
            // What one caller asks, or would have to wait for, is not the others' affair: each goes on alone.
            if (isOfStatement(error)) return items.map(() => null);
            throw error;
          }
        },
        isItems: () => false,
        capacity,
        batch,
        gather: 0,
        writers: connection.sharedAtOnce,
      });
      groups.set(name, group);
    }
    return group;
  }

  return {
    ask: async (statement, tenantId, asked) => {
      // PostgreSQL refuses all of a JSON text for one such value.
      if (!Object.values(asked).every(isStorable)) return null;
      return (await groupFor(statement).submit({ ...asked, tenant_id: tenantId })) as never;
    },
    async drain() {
      await Promise.all([...groups.values()].map((group) => group.drain()));
    },
  };
}

const isStorable = (value: string | null) => value === null || (!value.includes('\0') && value.isWellFormed());
