const nameAndPort = /^(?:\[[0-9a-f:.]+\]|[^\s/?#@\\:[\]]+)(?::\d{1,5})?$/i;

/** Whether a Host header is `host` or `host:port`, and nothing more. URLs are made with it. */
export const isHost = (header: string): boolean => nameAndPort.test(header) && URL.canParse(`http://${header}`);
