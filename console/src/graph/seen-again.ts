import { useEffect, useEffectEvent } from 'react';

/** The shortest time between two reads: some browsers tell of a return to a tab and of its focus. */
const pauseMs = 1_000;

/** Calls back when the operator returns to the tab: what no subscription tells may have changed meanwhile. */
export function useSeenAgain(read: () => void): void {
  const seen = useEffectEvent(read);
  useEffect(() => {
    let last = 0;
    function returned(): void {
      if (document.visibilityState !== 'visible' || Date.now() - last < pauseMs) return;
      last = Date.now();
      seen();
    }
    document.addEventListener('visibilitychange', returned);
    window.addEventListener('focus', returned);
    return () => {
      document.removeEventListener('visibilitychange', returned);
      window.removeEventListener('focus', returned);
    };
  }, []);
}
