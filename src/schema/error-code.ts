import { catalogue, type ErrorCode } from '../errors/catalogue.ts';
import { builder } from './builder.ts';

const codes = Object.keys(catalogue) as ErrorCode[];

/** The codes of the error catalogue. */
export const ErrorCodeType = builder.enumType('ErrorCode', {
  description: 'The codes of errors: in the `extensions` of an error of a result, and wherever the graph tells of one.',
  values: Object.fromEntries(
    codes.map((code) => [code, { description: `${catalogue[code].status}. ${catalogue[code].when}` }]),
  ) as Record<ErrorCode, { description: string }>,
});

/**
 * A code that was stored: one that another version of the service wrote, and this one does not know, counts as
 * INTERNAL.
 */
export const storedCode = (code: string): ErrorCode => codes.find((known) => known === code) ?? 'INTERNAL';
