import type { RequestListener } from 'node:http';
import type { TenantDatabase } from '../database/database.ts';
import type { Admission } from '../operations/admission.ts';
import { limits } from '../operations/limits.ts';
import type { RestOptions } from '../rest/handler.ts';
import type { Graph } from './graph.ts';
import { loadedOnce } from './loaded-once.ts';

type FacesParts = Pick<RestOptions, 'signIn' | 'bodies' | 'isListed' | 'stopping' | 'answered' | 'log'> & {
  graph: Graph;
};

/** What the paths of the faces, and of their documents, begin with. */
const prefixes = ['/v1/', '/workspaces/', '/external/', '/openapi'];

/** The REST faces, which are loaded with the first request to one of them: the start does not wait for them. */
export function createFaces({ graph, ...options }: FacesParts): { prefixes: string[]; handler: RequestListener } {
  async function load(): Promise<RequestListener> {
    const [{ createRestHandler }, { faces }, { createRouter }, { createPages }] = await Promise.all([
      import('../rest/handler.ts'),
      import('../rest/faces.ts'),
      import('../rest/router.ts'),
      import('../rest/pages.ts'),
    ]);
    return createRestHandler({
      ...options,
      faces,
      router: createRouter(faces),
      pages: createPages(faces),
      services: graph.services,
      turns: graph.turns,
      databaseOf(viewer, actor, isRead) {
        const handle = graph.databaseOf(viewer);
        return inTurn(isRead ? handle.lagging : handle.as(actor), graph.admission);
      },
      largestBody: limits.body,
      largestAnswer: limits.resultBytes,
    });
  }

  const failed = (error: unknown) => options.log.error({ err: error }, 'the REST faces cannot be loaded');
  return { prefixes, handler: loadedOnce(load, failed) };
}

/** The database with its long lists in turn with the large results of the graph. */
function inTurn(database: TenantDatabase, admission: Admission): TenantDatabase {
  return Object.create(database, {
    longRead: {
      value: <Found>(read: () => Promise<Found>) =>
        new Promise<Found>((resolve, reject) => {
          let leave: (() => void) | undefined;
          const proceed = () => {
            read()
              .then(resolve, reject)
              .finally(() => leave?.());
          };
          leave = admission.enter(database.tenantId, () => setImmediate(proceed), reject);
        }),
    },
  });
}
