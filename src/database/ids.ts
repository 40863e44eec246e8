import { v7, validate } from 'uuid';

/** A new id: a version 7 UUID, so that ids made later sort later. */
export const newId = (): string => v7();

/** The id in PostgreSQL's spelling (lower case), or null when it is no UUID and so can name nothing. */
export const asUuid = (id: string): string | null => (validate(id) ? id.toLowerCase() : null);

/** SQL for a new id, where one statement makes many rows. */
export const newIdSql = `encode(set_bit(set_bit(overlay(uuid_send(gen_random_uuid()) placing
  substring(int8send((extract(epoch from clock_timestamp()) * 1000)::bigint) from 3) from 1 for 6), 52, 1), 53, 1), 'hex')::uuid`;
