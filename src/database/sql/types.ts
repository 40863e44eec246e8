/**
 * A type of PostgreSQL, and the TypeScript type of its values. Parameters and columns are declared with these. The
 * compiler reads the type of the value, and test/database/statements.test.ts compares the name with PostgreSQL's.
 */
export type SqlType<Value> = {
  /** PostgreSQL's spelling in a cast. Null where any type that is read as the same value will do. */
  readonly name: string | null;
  readonly isNullable: boolean;
  /**
   * Whether the table's column may be null although these rows never have null, because the statement's conditions
   * exclude it.
   */
  readonly isAssured?: true;
  /** Never set. It carries the type of the value. */
  readonly value?: Value;
};

/** The TypeScript type of the values. */
export type ValueOf<Type> = Type extends SqlType<infer Value> ? Value : never;

const type = <Value>(name: string): SqlType<Value> => ({ name, isNullable: false });

export const uuid = type<string>('uuid');
export const text = type<string>('text');
export const integer = type<number>('integer');
export const bigint = type<number>('bigint');
export const double = type<number>('double precision');
export const boolean = type<boolean>('boolean');
export const timestamptz = type<Date>('timestamp with time zone');

/** JSON whose type only the statement's author knows. */
export const json = <Value>(): SqlType<Value> => type<Value>('json');

/** Text that is one of these. */
export const textOf = <Value extends string>(): SqlType<Value> => type<Value>('text');

/** A PostgreSQL enumeration of a Prisma model, by its name. */
export const enumeration = <Value extends string>(name: string): SqlType<Value> => type<Value>(`"${name}"`);

/** The same, or null. */
export const nullable = <Value>(of: SqlType<Value>): SqlType<Value | null> =>
  ({ ...of, isNullable: true }) as SqlType<Value | null>;

/** The same, never null in these rows although the table's column may be: the statement's conditions exclude null. */
export const assured = <Value>(of: SqlType<Value>): SqlType<NonNullable<Value>> =>
  ({ ...of, isNullable: false, isAssured: true }) as SqlType<NonNullable<Value>>;

/** An array in a row. */
export const list = <Value>(of: SqlType<Value>): SqlType<Value[]> => type<Value[]>(`${of.name}[]`);

/** An array as a parameter. */
export const array = <Value>(of: SqlType<Value>): SqlType<readonly Value[]> => type<readonly Value[]>(`${of.name}[]`);
