/**
 * A type of PostgreSQL, and the type that its values have here. Parameters and columns are declared with these: the compiler reads the type
 * of the value, test/database/statements.test.ts compares the name with what PostgreSQL says.
 */
export type SqlType<Value> = {
  /** As PostgreSQL spells it in a cast. Null where any type will do that is read as the same value here. */
  readonly name: string | null;
  readonly isNullable: boolean;
  /** A column of a table that may be null there, but never is in these rows, which the statement's conditions see to. */
  readonly isAssured?: true;
  /** Never set: it carries the type of the value. */
  readonly value?: Value;
};

/** The type of the values. */
export type ValueOf<Type> = Type extends SqlType<infer Value> ? Value : never;

const type = <Value>(name: string): SqlType<Value> => ({ name, isNullable: false });

export const uuid = type<string>('uuid');
export const text = type<string>('text');
export const integer = type<number>('integer');
export const bigint = type<number>('bigint');
export const double = type<number>('double precision');
export const boolean = type<boolean>('boolean');
export const timestamptz = type<Date>('timestamp with time zone');

/** JSON, whose value nobody but the statement's author knows. */
export const json = <Value>(): SqlType<Value> => type<Value>('json');

/** Text that is one of these. */
export const textOf = <Value extends string>(): SqlType<Value> => type<Value>('text');

/** A PostgreSQL enumeration of a Prisma model, by its name. */
export const enumeration = <Value extends string>(name: string): SqlType<Value> => type<Value>(`"${name}"`);

/** The same, or null. */
export const nullable = <Value>(of: SqlType<Value>): SqlType<Value | null> =>
  ({ ...of, isNullable: true }) as SqlType<Value | null>;

/** The same, never null in these rows, though the table's column may be: the statement's conditions see to that. */
export const assured = <Value>(of: SqlType<Value>): SqlType<NonNullable<Value>> =>
  ({ ...of, isNullable: false, isAssured: true }) as SqlType<NonNullable<Value>>;

/** An array in a row. */
export const list = <Value>(of: SqlType<Value>): SqlType<Value[]> => type<Value[]>(`${of.name}[]`);

/** An array as a parameter. */
export const array = <Value>(of: SqlType<Value>): SqlType<readonly Value[]> => type<readonly Value[]>(`${of.name}[]`);
