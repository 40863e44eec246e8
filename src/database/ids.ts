import { v7, validate } from 'uuid';

/** A new id: a version 7 UUID, so that ids made later sort later. */
export const newId = (): string => v7();

/** The id in PostgreSQL's spelling (lower case), or null when it is no UUID and so can name nothing. */
export const asUuid = (id: string): string | null => (validate(id) ? id.toLowerCase() : null);
