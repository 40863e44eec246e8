/** A row that has its fields, and its number among the batch's rows. */
export type Given = { line: number; fields: Readonly<Record<string, unknown>> };

export type OnConflict = 'SKIP' | 'UPDATE' | 'FAIL';

/** What became of rows. */
export type Outcome = {
  created: number;
  updated: number;
  unchanged: number;
  rejected: { line: number; field: string | null; reason: string }[];
};

export const noOutcome = (): Outcome => ({ created: 0, updated: 0, unchanged: 0, rejected: [] });

/** What an import of rows needs to know. */
export type Writing = { onConflict: OnConflict; isDryRun: boolean };
