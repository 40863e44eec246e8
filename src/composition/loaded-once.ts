import type { RequestListener } from 'node:http';

/** A handler that is made with the first request. While that fails, each request tries again. */
export function loadedOnce(load: () => Promise<RequestListener>, failed: (error: unknown) => void): RequestListener {
  let handler: RequestListener | undefined;
  let loading: Promise<RequestListener> | undefined;
  return (request, response) => {
    if (handler) return handler(request, response);
    loading ??= load();
    loading.then(
      (loaded) => {
        handler = loaded;
        loaded(request, response);
      },
      (error) => {
        loading = undefined;
        failed(error);
        response.destroy();
      },
    );
  };
}
