/** What JSON.parse gives. */
export type Json = null | boolean | number | string | Json[] | { [name: string]: Json };

/** Reads a value at a path of names and numbers. */
export function at(value: Json, ...path: (string | number)[]): Json {
  let here: Json | undefined = value;
  for (const step of path) here = (here as { [name: string | number]: Json } | null)?.[step];
  if (here === undefined) throw new Error(`There is no ${path.join('.')} in ${JSON.stringify(value).slice(0, 300)}`);
  return here;
}

/** Reads the value as a list of objects. Does not check that it is one. */
export const items = (value: Json): { [name: string]: Json }[] => value as { [name: string]: Json }[];
