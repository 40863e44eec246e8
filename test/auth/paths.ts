import {
  type GraphQLField,
  type GraphQLNamedType,
  getNamedType,
  isInterfaceType,
  isObjectType,
  isUnionType,
} from 'graphql';
import { isScope, type Scope } from '../../src/auth/scopes.ts';
import { buildSchema } from '../../src/schema/schema.ts';
import { type Operation, rootFields } from '../tenants/documents.ts';

export const schema = buildSchema();

type Field = GraphQLField<unknown, unknown>;

/** The scope that a type is seen with, as its description says; undefined for a type that only leads on to others. */
export const seenWith = (type: GraphQLNamedType): Scope | undefined =>
  scopeIn(/Seen with `([a-z:]+)`/, type.description);

/**
 * The scope that a field needs besides its parent's, as its description says. A field of a union or an interface names
 * one for each type that it can answer with.
 */
function neededBy(field: Field, type: GraphQLNamedType): Scope | undefined {
  const named = [...(field.description ?? '').matchAll(/(?:needs?|and without) `([a-z:]+)`/gi)].map(
    ([, scope]) => scope,
  );
  const scope = isObjectType(getNamedType(field.type)) ? named[0] : named.find((each) => each === seenWith(type));
  return scope !== undefined && isScope(scope) ? scope : undefined;
}

function scopeIn(pattern: RegExp, text: string | null | undefined): Scope | undefined {
  const named = pattern.exec(text ?? '')?.[1];
  return named !== undefined && isScope(named) ? named : undefined;
}

/** The object types that a field can answer with. */
function typesOf(field: Field): GraphQLNamedType[] {
  const named = getNamedType(field.type);
  if (isUnionType(named) || isInterfaceType(named)) return [...schema.getPossibleTypes(named)];
  return isObjectType(named) ? [named] : [];
}
const fieldsOf = (type: GraphQLNamedType): Field[] => (isObjectType(type) ? Object.values(type.getFields()) : []);

export type Step = { coordinate: string; field: Field; type: GraphQLNamedType };
/** A path, and the scopes that it takes to go along it. */
export type Path = { operation: Operation; steps: Step[]; asked: Scope[] };

/** Every path, to each field of each type once from each root field and each set of scopes asked for on the way. */
function* walk(): Iterable<Path> {
  for (const { operation, field } of rootFields(schema)) {
    const seen = new Set<string>();
    const queue: Path[] = [];
    const go = (from: Path | null, parent: string, next: Field) => {
      for (const type of typesOf(next)) {
        const needed = neededBy(next, type);
        const asked = [...new Set([...(from?.asked ?? []), ...(needed ? [needed] : [])])].sort();
        const key = `${parent}.${next.name} ${type.name} ${asked.join()}`;
        if (seen.has(key)) continue;
        seen.add(key);
        const step = { coordinate: `${parent}.${next.name}`, field: next, type };
        queue.push({ operation, steps: [...(from?.steps ?? []), step], asked });
      }
    };
    go(null, operation, field);
    for (let path = queue.shift(); path; path = queue.shift()) {
      yield path;
      const { type } = path.steps.at(-1) as Step;
      for (const next of fieldsOf(type)) go(path, type.name, next);
    }
  }
}

/** All paths of the schema. */
export const paths: readonly Path[] = [...walk()];

/** Where a path ends. */
export const lastOf = ({ steps }: Path) => steps.at(-1) as Step;

/** A path in words. */
export const written = ({ steps }: Path) =>
  steps.map(({ coordinate, type }) => `${coordinate}:${type.name}`).join(' > ');
