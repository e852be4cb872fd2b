/** Which proxies there are: those of the options, then those of the environment, as curl reads it. */
import { parseProxy, type ProxyServer } from '../options/proxy.js';
import type { Proxies } from './way.js';

/**
 * @param proxy what `--proxy` says
 * @param noproxy what `--noproxy` says
 */
export function proxiesOf(
  proxy: ProxyServer | undefined,
  noproxy: string | undefined,
  env: NodeJS.ProcessEnv,
  warnings: string[],
): Proxies | undefined {
  const except = noproxy ?? (env['no_proxy'] || env['NO_PROXY'] || '');
  if (except.trim() === '*') return undefined;
  if (proxy !== undefined) return { http: proxy, https: proxy, except };
  const of = (...names: readonly string[]): ProxyServer | undefined => {
    const name = names.find((name) => (env[name] ?? '') !== '');
    return name === undefined ? undefined : parseProxy(env[name] as string, name);
  };
  const http = of('http_proxy', 'all_proxy', 'ALL_PROXY');
  const https = of('https_proxy', 'HTTPS_PROXY', 'all_proxy', 'ALL_PROXY');
  // What runs as a CGI has it from whoever asks: it is the request's header `Proxy`.
  if (http === undefined && (env['HTTP_PROXY'] ?? '') !== '') {
    warnings.push('*** Warning: HTTP_PROXY is not used, as curl has it: write http_proxy, in lower case.');
  }
  return http === undefined && https === undefined ? undefined : { http, https, except };
}
