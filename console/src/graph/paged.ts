import type { AnyVariables, Client, TypedDocumentNode } from '@urql/core';
import { useCallback, useLayoutEffect, useMemo, useState, useSyncExternalStore } from 'react';
import { useClient } from 'urql';
import { pipe, subscribe } from 'wonka';
import { type Problem, problemOf } from './problem.ts';

/** A page of a connection, as far as a list needs it. */
export type Page<Node> = {
  nodes: readonly Node[];
  totalCount?: number | null;
  pageInfo: { hasNextPage: boolean; endCursor?: string | null };
};

export type PagedState<Node> = {
  nodes: readonly Node[];
  /** Null until the first page has come, and where the service does not count. */
  totalCount: number | null;
  fetching: boolean;
  hasMore: boolean;
  problem: Problem | null;
};

type Ask<Node> = (
  after: string | null,
  heard: (page: Page<Node> | null, problem: Problem | null) => void,
) => () => void;

/** A list as a screen shows it, with how to read more of it and how to read it anew. */
export type Paged<Node> = PagedState<Node> & { more(): void; refresh(): void };

/** Pages that are read again at most when a list is refreshed. The others come as they are scrolled to. */
const refreshedPages = 5;

/**
 * A list that grows page by page. Each page stays a query of its own, so that a change in the cache touches the pages
 * that show it and no other.
 */
class PagedList<Node> {
  #pages: { page: Page<Node> | null; leave: () => void }[] = [];
  #coming: PagedList<Node> | null = null;
  #watchers = new Set<() => void>();
  #ask: Ask<Node>;
  #problem: Problem | null = null;
  state: PagedState<Node> = { nodes: [], totalCount: null, fetching: true, hasMore: false, problem: null };

  constructor(ask: Ask<Node>) {
    this.#ask = ask;
  }

  watch = (watcher: () => void): (() => void) => {
    this.#watchers.add(watcher);
    return () => this.#watchers.delete(watcher);
  };

  /** Asks for the page after the last one, unless it is on its way. */
  more = (): void => {
    const last = this.#pages.at(-1);
    if (last && !last.page?.pageInfo.hasNextPage) return;
    const entry: { page: Page<Node> | null; leave: () => void } = { page: null, leave: () => {} };
    this.#pages.push(entry);
    let failed = false;
    // A page that could not be read may be asked for again, and the client asks anew only for what it has left.
    const drop = () => {
      this.#pages = this.#pages.filter((other) => other !== entry);
      entry.leave();
    };
    const leave = this.#ask(last?.page?.pageInfo.endCursor ?? null, (page, problem) => {
      this.#problem = problem;
      failed = !page && !entry.page;
      if (page) entry.page = page;
      else if (failed) drop();
      this.#publish();
    });
    entry.leave = leave;
    if (failed) leave();
    this.#publish();
  };

  /** Reads the list anew, and shows what is there until that has come. */
  refresh = (): void => {
    const wanted = Math.min(refreshedPages, Math.max(1, this.#pages.length));
    this.#coming?.leave();
    const coming = new PagedList(this.#ask);
    this.#coming = coming;
    coming.watch(() => {
      const { hasMore, problem, fetching } = coming.state;
      if (this.#coming !== coming || fetching) return;
      if (!problem && hasMore && coming.#pages.length < wanted) {
        coming.more();
        return;
      }
      this.#coming = null;
      if (problem) this.#problem = problem;
      else this.#adopt(coming);
      this.#publish();
    });
    coming.more();
  };

  leave = (): void => {
    this.#coming?.leave();
    for (const { leave } of this.#pages) leave();
    this.#pages = [];
  };

  #adopt(other: PagedList<Node>): void {
    for (const { leave } of this.#pages) leave();
    this.#pages = other.#pages;
    this.#problem = null;
    other.#publish = () => this.#publish();
  }

  #publish = (): void => {
    const pages = this.#pages.flatMap(({ page }) => (page ? [page] : []));
    this.state = {
      nodes: pages.flatMap(({ nodes }) => nodes),
      totalCount: pages[0]?.totalCount ?? null,
      fetching: this.#pages.some(({ page }) => !page),
      hasMore: pages.at(-1)?.pageInfo.hasNextPage ?? false,
      problem: this.#problem,
    };
    for (const watcher of this.#watchers) watcher();
  };
}

function asking<Data, Variables extends AnyVariables, Node>(
  client: Client,
  document: TypedDocumentNode<Data, Variables>,
  key: string,
  pick: (data: Data) => Page<Node> | null | undefined,
): Ask<Node> {
  return (after, heard) =>
    pipe(
      client.query(document, { ...JSON.parse(key), after } as Variables, { requestPolicy: 'cache-and-network' }),
      subscribe(({ data, error, stale }) => {
        const page = data ? (pick(data) ?? null) : null;
        if (page || !stale) heard(page, error ? problemOf(error) : null);
      }),
    ).unsubscribe;
}

/** Reads a connection page by page. `pick` takes it from the answer; it must not change between renders. */
export function usePaged<Data, Variables extends AnyVariables, Node>(
  document: TypedDocumentNode<Data, Variables>,
  variables: Omit<Variables, 'after'>,
  pick: (data: Data) => Page<Node> | null | undefined,
): Paged<Node> {
  const client = useClient();
  const key = JSON.stringify(variables);
  const list = useMemo(() => new PagedList(asking(client, document, key, pick)), [client, document, key, pick]);
  // Before the browser draws the empty list: what is known already need not be waited for.
  useLayoutEffect(() => {
    list.more();
    return () => list.leave();
  }, [list]);
  const state = useSyncExternalStore(
    useCallback((watcher: () => void) => list.watch(watcher), [list]),
    () => list.state,
  );
  // Until the first page of another filter has come, the list before stays, so that nothing flickers.
  const ready = state.nodes.length > 0 || !state.fetching;
  const [kept, keep] = useState(state);
  if (ready && kept !== state) keep(state);
  const { fetching, problem } = state;
  return { ...(ready ? state : kept), fetching, problem, more: list.more, refresh: list.refresh };
}
