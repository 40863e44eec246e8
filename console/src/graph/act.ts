import type { AnyVariables, TypedDocumentNode } from '@urql/core';
import { useState } from 'react';
import { useClient } from 'urql';
import { type Problem, problemOf } from './problem.ts';

/** An operation that changes something: `run` answers with its data, or with null after a problem. */
export type Act<Data, Variables> = {
  run(variables: Variables): Promise<Data | null>;
  busy: boolean;
  problem: Problem | null;
  dismiss(): void;
};

/** Prepares a mutation for a button or a form. */
export function useAct<Data, Variables extends AnyVariables>(
  document: TypedDocumentNode<Data, Variables>,
): Act<Data, Variables> {
  const client = useClient();
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<Problem | null>(null);
  return {
    busy,
    problem,
    dismiss: () => setProblem(null),
    async run(variables) {
      setBusy(true);
      setProblem(null);
      const { data, error } = await client.mutation(document, variables).toPromise();
      setBusy(false);
      if (error) setProblem(problemOf(error));
      return error ? null : (data ?? null);
    },
  };
}
