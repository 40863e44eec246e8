import { createContext, type ReactNode, use } from 'react';
import { useQuery } from 'urql';
import { AgentsDocument, type Scope, ViewerDocument, type ViewerQuery } from '../graph/generated/graphql.ts';
import { problemOf } from '../graph/problem.ts';
import { ProblemPanel } from '../parts/states.tsx';

export type Viewer = ViewerQuery['viewer'];
type Known = { viewer: Viewer; agents: readonly { id: string; name: string }[] };

const Context = createContext<Known | null>(null);

/** Asks who is signed in, and shows the rest when that is known. Until then index.html has what is shown. */
export function ViewerProvider({ children }: { children: ReactNode }) {
  const [{ data, error }, again] = useQuery({ query: ViewerDocument, requestPolicy: 'cache-first' });
  const mayReadAgents = data?.viewer.scopes.includes('PARTICIPANTS_READ') ?? false;
  const [agents] = useQuery({ query: AgentsDocument, pause: !mayReadAgents });
  if (error && !data)
    return <ProblemPanel problem={problemOf(error)} retry={() => again({ requestPolicy: 'network-only' })} />;
  if (!data || (mayReadAgents && !agents.data && !agents.error)) return null;
  return <Context value={{ viewer: data.viewer, agents: agents.data?.agents ?? [] }}>{children}</Context>;
}

function useKnown(): Known {
  const known = use(Context);
  if (!known) throw new Error('Nobody is signed in here.');
  return known;
}

export const useViewer = (): Viewer => useKnown().viewer;
export const useAgents = (): Known['agents'] => useKnown().agents;

/** Whether the viewer may do what needs this scope. What they may not is not offered. */
export function useMay(scope: Scope): boolean {
  const { scopes } = useViewer();
  return scopes.includes(scope) || scopes.includes('ADMIN');
}
