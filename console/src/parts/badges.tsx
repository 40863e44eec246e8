import { CircleCheck, TriangleAlert } from 'lucide-react';
import type { UnreachableReason } from '../graph/generated/graphql.ts';
import { exactTime, reasonHelp, reasonWords, timeAgo } from './words.ts';

/** Whether somebody can be reached, in a word and a sign, never by colour alone. */
export function HealthBadge({ reason }: { reason: UnreachableReason | null | undefined }) {
  if (!reason)
    return (
      <span className="badge badge-good">
        <CircleCheck aria-hidden="true" size={13} /> Reachable
      </span>
    );
  return (
    <span className="badge badge-bad" title={reasonHelp[reason]}>
      <TriangleAlert aria-hidden="true" size={13} /> {reasonWords[reason]}
    </span>
  );
}

export function Time({ at }: { at: string }) {
  return (
    <time dateTime={at} title={exactTime(at)}>
      {timeAgo(at)}
    </time>
  );
}
