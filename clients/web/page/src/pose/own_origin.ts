/**
 * Keeps a worker from speaking to any other host.
 *
 * The pose runtime reports its use to its maker once a minute. The page's content security policy
 * forbids that too; here it fails before anything is tried, whoever serves the page.
 */

export function stayAtHome(): void {
  const allowed = (address: string): boolean => {
    const { origin, protocol } = new URL(address, self.location.href);
    return origin === self.location.origin || protocol === "blob:" || protocol === "data:";
  };
  const fetchHere = self.fetch.bind(self);
  self.fetch = (input, init) => {
    const address = input instanceof Request ? input.url : String(input);
    return allowed(address) ? fetchHere(input, init) : Promise.reject(new TypeError("not allowed"));
  };
  const open = XMLHttpRequest.prototype.open as (...args: unknown[]) => void;
  XMLHttpRequest.prototype.open = function (this: XMLHttpRequest, ...args: unknown[]): void {
    if (!allowed(String(args[1]))) throw new DOMException("not allowed", "NetworkError");
    open.apply(this, args);
  };
}
