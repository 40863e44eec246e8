import { CircleAlert, Lock, RefreshCw } from 'lucide-react';
import { type ReactNode, useEffect, useRef } from 'react';
import type { Problem } from '../graph/problem.ts';

/** The four states of what is not there: it comes, there is none, it may not be seen, it failed. */

export function Loading({ what }: { what: string }) {
  return (
    <p className="state" role="status">
      <span className="spinner" aria-hidden="true" /> Loading {what}…
    </p>
  );
}

export function Empty({ title, children }: { title: string; children?: ReactNode }) {
  return (
    <div className="state state-empty">
      <strong>{title}</strong>
      {children && <p>{children}</p>}
    </div>
  );
}

export function NotAllowed({ what, scope }: { what: string; scope: string }) {
  return (
    <p className="state state-partial">
      <Lock aria-hidden="true" size={14} /> Your sign-in does not include {what} (<code>{scope}</code>).
    </p>
  );
}

/**
 * What went wrong: the code's own words, and the id by which the log has it. The answer to what somebody has just done
 * is brought into view. What failed by itself, and can be tried again, moves nothing.
 */
export function ProblemPanel({ problem, retry }: { problem: Problem; retry?: () => void }) {
  const panel = useRef<HTMLDivElement>(null);
  const isAnswer = retry === undefined;
  // The focus stays in the field that is to be mended. The role has the problem read out.
  useEffect(() => {
    if (isAnswer && problem) panel.current?.scrollIntoView({ block: 'nearest' });
  }, [problem, isAnswer]);
  const [first, ...others] = problem.faults;
  // The service says a single fault in the problem's own words as well.
  const faults = others.length === 0 && problem.detail.includes(first?.message ?? '') ? [] : problem.faults;
  return (
    <div className="problem" role="alert" ref={panel}>
      <CircleAlert aria-hidden="true" size={16} />
      <div>
        <p>{problem.detail}</p>
        {faults.length > 0 && (
          <ul>
            {faults.map(({ path, message }) => (
              <li key={path + message}>
                <code>{path}</code> {message}
              </li>
            ))}
          </ul>
        )}
        <p className="problem-facts">
          <code>{problem.code}</code>
          {problem.requestId && (
            <>
              {' · request '}
              <code>{problem.requestId}</code>
            </>
          )}
          {problem.retryAfter !== null && ` · again in ${problem.retryAfter} s`}
        </p>
      </div>
      {retry && (
        <button type="button" className="button" onClick={retry}>
          <RefreshCw aria-hidden="true" size={14} /> Try again
        </button>
      )}
    </div>
  );
}
