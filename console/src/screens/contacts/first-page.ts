import type { ParticipantFilter } from '../../graph/generated/graphql.ts';

export const pageSize = 100;

/** The variables of the first page of contacts. The page's first script asks for it, before the screen is there. */
export const firstContacts = (filter: ParticipantFilter) => ({ filter, first: pageSize });
