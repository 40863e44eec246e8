import FindMyWay, { type HTTPMethod } from 'find-my-way';
import type { Face } from './face.ts';
import type { Operation } from './operation.ts';

/** Where a request leads. */
export type Route = { face: Face; operation: Operation; path: Record<string, string> };

export interface Router {
  /** The operation at that method and path, or null. */
  find(method: string, path: string): Route | null;
  /** The methods that are served at that path, HEAD and OPTIONS with them; none when nothing is. */
  allowed(path: string): string[];
}

const methods = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'] as const;

/**
 * `/participants/{participant}:disable` as find-my-way spells it: a colon is written twice. A name that a verb
 * follows somewhere has no colon anywhere, so that an unknown verb leads nowhere; no name is empty.
 */
function spelled(path: string, withVerbs: ReadonlySet<string>): string {
  return path
    .replaceAll(':', '::')
    .replaceAll(/\{(\w+)\}/g, (_, name: string) => `:${name}${withVerbs.has(name) ? '(^[^:/]+)' : '(^.+)'}`);
}

/** The names that a verb follows in a path of the face. */
const namesWithVerbs = ({ operations }: Face): Set<string> =>
  new Set(operations.flatMap(({ path }) => [...path.matchAll(/\{(\w+)\}(?=:)/g)].map(([, name]) => name as string)));

export function createRouter(faces: readonly Face[]): Router {
  const router = FindMyWay({ caseSensitive: true, maxParamLength: 10_000 });
  for (const face of faces) {
    const withVerbs = namesWithVerbs(face);
    for (const operation of face.operations)
      router.on(operation.method as HTTPMethod, spelled(operation.path, withVerbs), () => {}, { face, operation });
  }
  const find: Router['find'] = (method, path) => {
    const found = router.find(method as HTTPMethod, path);
    if (!found) return null;
    const { face, operation } = found.store as { face: Face; operation: Operation };
    return { face, operation, path: found.params as Record<string, string> };
  };
  return {
    find,
    allowed(path) {
      const served: string[] = methods.filter((method) => find(method, path));
      if (served.length === 0) return [];
      return served.includes('GET') ? [...served, 'HEAD', 'OPTIONS'] : [...served, 'OPTIONS'];
    },
  };
}
