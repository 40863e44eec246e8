import { useLiveness } from '../graph/live.ts';

const words = { none: '', live: 'Live', reconnecting: 'Reconnecting…' } as const;

/** Whether what is shown changes by itself at present. */
export function LiveBadge() {
  const state = useLiveness();
  return (
    <span className={`live live-${state}`} role="status">
      {words[state]}
    </span>
  );
}
