import { type RefObject, useEffect } from 'react';

/**
 * Keeps the focus where work goes on. When the row that has it goes away, because it was revoked or let in, the focus
 * would fall to the beginning of the page. It goes to what was around the row instead.
 */
export function useFocusKept(within: RefObject<HTMLElement | null>): void {
  useEffect(() => {
    const main = within.current;
    if (!main) return;
    let around: HTMLElement[] = [];
    const noted = ({ target }: FocusEvent) => {
      around = [];
      for (let at = target as HTMLElement | null; at && at !== main; at = at.parentElement) around.push(at);
    };
    const changes = new MutationObserver(() => {
      const [focused] = around;
      if (!focused || focused.isConnected || document.activeElement !== document.body) return;
      const next = around.find(({ isConnected, clientHeight }) => isConnected && clientHeight > 0) ?? main;
      next.tabIndex = -1;
      next.focus({ preventScroll: true });
    });
    main.addEventListener('focusin', noted);
    changes.observe(main, { childList: true, subtree: true });
    return () => {
      main.removeEventListener('focusin', noted);
      changes.disconnect();
    };
  }, [within]);
}
