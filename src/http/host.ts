const nameAndPort = /^(?:\[[0-9a-f:.]+\]|[^\s/?#@\\:[\]]+)(?::\d{1,5})?$/i;

/** Returns whether a Host header is exactly `host` or `host:port`. URLs are made with it. */
export const isHost = (header: string): boolean => nameAndPort.test(header) && URL.canParse(`http://${header}`);
