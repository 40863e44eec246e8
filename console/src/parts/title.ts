import { useEffect } from 'react';

/** Names the page in the browser's tab and its history. */
export function useTitle(title: string | null | undefined): void {
  useEffect(() => {
    document.title = title ? `${title} · Rollcall` : 'Rollcall';
  }, [title]);
}
