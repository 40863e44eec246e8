import { calls } from '../tenants/calls.ts';
import { lastOf, type Path, type Step } from './paths.ts';
import type { Walked } from './walked-world.ts';

/** Fields below a field: by what is written of it, and then by the type that it answers with. */
type Selection = Map<string, Map<string, Selection>>;

/** As many as stay below the limits of an operation mostly. Those that do not are sent again one by one. */
const maxAtOnce = 25;

// Fields of one name can have other types on other types.
const keyOf = ({ coordinate }: Step) => coordinate.replace('.', '_');

function add(selection: Selection, steps: readonly Step[]): void {
  const [step, ...rest] = steps;
  if (!step) return;
  const { name, args } = step.field;
  const paged = args.some((arg) => arg.name === 'first') ? '(first: 2)' : '';
  const field = `${keyOf(step)}: ${name}${paged}`;
  const types = selection.get(field) ?? new Map<string, Selection>();
  const below = types.get(step.type.name) ?? new Map();
  selection.set(field, types.set(step.type.name, below));
  add(below, rest);
}

const write = (selection: Selection): string =>
  [...selection]
    .map(([field, types]) => {
      const parts = [...types].map(([type, below]) => `... on ${type} { __typename ${write(below)} }`);
      return `${field} { __typename ${parts.join(' ')} }`;
    })
    .join(' ');

/** The paths, which begin with the same root field and type, as one document. */
function documentOf(together: readonly [Path, ...Path[]], { world, nodes }: Walked) {
  const [root] = together[0].steps as [Step];
  const given = calls[root.field.name]?.[0]?.args(world, world) ?? {};
  const args: Record<string, unknown> = root.coordinate === 'Query.node' ? { id: nodes[root.type.name] } : given;
  const taken = root.field.args.filter(({ name }) => name in args);
  const selection: Selection = new Map();
  for (const { steps } of together) add(selection, steps.slice(1));
  const variables = taken.map(({ name, type }) => `$${name}: ${type}`).join(', ');
  const passed = taken.map(({ name }) => `${name}: $${name}`).join(', ');
  const inner = `${keyOf(root)}: ${root.field.name}${passed && `(${passed})`} { __typename ... on ${root.type.name} { __typename ${write(selection)} } }`;
  return { document: `query ${variables && `(${variables})`} { ${inner} }`, variables: args };
}

const beginsWith = (path: readonly string[], beginning: readonly string[]) =>
  beginning.every((name, level) => path[level] === name);

/**
 * How many objects of the type at the path's end the answer has there; null where an error elsewhere has made an object
 * null that this path leads through.
 */
function countIn(answer: Answer, path: Path): number | null {
  const names = path.steps.map(keyOf);
  // Nothing is said of this path by an error of another one, or of all of them together.
  const foreign = (answer.errors ?? [])
    .map(({ path, extensions }) => ({
      at: path?.filter((part) => typeof part === 'string') ?? [],
      code: extensions.code,
    }))
    .filter(({ at, code }) => code !== 'FORBIDDEN' || at.length === 0 || !beginsWith(names, at));
  let isHidden = false;
  let values: unknown[] = [answer.data];
  for (let level = 0; level <= names.length; level++) {
    const above = names.slice(0, level);
    if (values.some((value) => value == null) && foreign.some(({ at }) => beginsWith(at, above))) isHidden = true;
    const name = names[level];
    if (name !== undefined)
      values = values.flatMap((value) => (value as Record<string, unknown>)?.[name] ?? [null]).flat();
  }
  const found = values.filter(
    (value) => (value as { __typename: string } | null)?.__typename === lastOf(path).type.name,
  );
  return found.length === 0 && isHidden ? null : found.length;
}
type Answer = {
  data?: unknown;
  errors?: readonly { path?: readonly (string | number)[]; extensions: { code: string } }[];
};

/**
 * Returns those of the paths from queries at whose ends the credential is shown something. Paths from one root field
 * are asked along together, and alone where errors of others hide what is there.
 */
export async function shownAlong(
  asked: readonly Path[],
  walked: Walked,
  headers: Record<string, string>,
): Promise<Path[]> {
  const ask = async (together: readonly [Path, ...Path[]]) => {
    const { document, variables } = documentOf(together, walked);
    return (await walked.world.tenant.graphql(document, variables, headers)) as Answer;
  };
  const byRoot = new Map<string, Path[]>();
  for (const path of asked) {
    const [root] = path.steps as [Step];
    const key = `${root.coordinate}:${root.type.name}`;
    byRoot.set(key, [...(byRoot.get(key) ?? []), path]);
  }
  const shown: Path[] = [];
  for (const paths of byRoot.values())
    for (let start = 0; start < paths.length; start += maxAtOnce) {
      const together = paths.slice(start, start + maxAtOnce) as [Path, ...Path[]];
      const answer = await ask(together);
      for (const path of together) if (countIn(answer, path) ?? countIn(await ask([path]), path)) shown.push(path);
    }
  return shown;
}
