/**
 * Which proxy the environment asks for: HTTPS_PROXY, HTTP_PROXY and NO_PROXY with the rules of every Go client of
 * Kubernetes, including kubectl (golang.org/x/net/http/httpproxy). Node's own `proxyEnv` does not understand CIDRs, but
 * clusters write their service range into NO_PROXY as a CIDR. Pure: ProxyTunnel makes the connection.
 */
import { BlockList, isIP } from "node:net"
import { domainToASCII } from "node:url"

/** The texts of the variables. An empty one counts as unset. */
export interface ProxyVariables {
  readonly httpsProxy: string
  readonly httpProxy: string
  readonly noProxy: string
}

/**
 * The text of the variable that applies to a server's base URL, or undefined for a direct connection. Loopback is
 * always direct.
 */
export const proxyFor = (server: string, variables: ProxyVariables): string | undefined => {
  const url = URL.parse(server)
  if (url === null) return undefined
  const proxy = url.protocol === "https:" ? variables.httpsProxy : variables.httpProxy
  if (proxy === "") return undefined
  const host = url.hostname.replace(/^\[|\]$/g, "")
  const port = url.port === "" ? (url.protocol === "https:" ? "443" : "80") : url.port
  return isLoopback(host) || bypasses(variables.noProxy, host, port) ? undefined : proxy
}

/** The text as a URL. A text without a scheme means an HTTP proxy. Undefined if it is not an address. */
export const parseProxyUrl = (text: string): URL | undefined => {
  const trimmed = text.trim()
  const url = URL.parse(/^[a-z][a-z0-9+.-]*:\/\//i.test(trimmed) ? trimmed : `http://${trimmed}`)
  return url === null || url.hostname === "" ? undefined : url
}

const isLoopback = (host: string): boolean => host === "localhost" || contains([["127.0.0.0", 8], ["::1", 128]], host)

const bypasses = (noProxy: string, host: string, port: string): boolean =>
  noProxy.split(",").some((entry) => matches(entry.trim().toLowerCase(), host, port))

/**
 * Compares one entry of NO_PROXY: `*`, a CIDR, an address or a domain. An address or a domain may have a port, which
 * must then be the same.
 */
const matches = (entry: string, host: string, port: string): boolean => {
  if (entry === "*") return true
  const cidr = /^([^/]+)\/(\d{1,3})$/.exec(entry)
  if (cidr !== null) return contains([[cidr[1] ?? "", Number(cidr[2])]], host)
  // `[address]:port` or `name:port`. A bare IPv6 address has more colons.
  const withPort = /^(?:\[([^[\]]*)\]|([^:[\]]*)):([^:]*)$/.exec(entry)
  const name = withPort === null ? entry : withPort[1] ?? withPort[2] ?? ""
  const ownPort = withPort?.[3] ?? ""
  if (name === "" || (ownPort !== "" && ownPort !== port)) return false
  return isIP(name) === 0 ? matchesDomain(name, host) : contains([[name, isIP(name) === 4 ? 32 : 128]], host)
}

/**
 * `example.com` means this name and every name below it; `.example.com` and `*.example.com` mean only the names below
 * it.
 */
const matchesDomain = (pattern: string, host: string): boolean => {
  if (isIP(host) !== 0) return false
  const suffix = pattern.startsWith("*.") ? pattern.slice(1) : pattern
  if (suffix.startsWith(".")) return host.endsWith(`.${ascii(suffix.slice(1))}`)
  return host === ascii(suffix) || host.endsWith(`.${ascii(suffix)}`)
}

const ascii = (name: string): string => /^[\x20-\x7e]*$/.test(name) ? name : domainToASCII(name)

/** Also true for `::ffff:10.0.0.1`: `::/0` contains every IPv6 address and no IPv4 address. */
const isIPv4 = (address: string): boolean => isIP(address) === 4 || address.startsWith("::ffff:")

/** Also false if one of the two is not an address. An IPv4 address equals its IPv6-mapped form. */
const contains = (networks: ReadonlyArray<readonly [network: string, prefix: number]>, host: string): boolean => {
  if (isIP(host) === 0) return false
  const list = new BlockList()
  for (const [network, prefix] of networks) {
    const family = isIP(network)
    if (family === 0 || prefix > (family === 4 ? 32 : 128) || isIPv4(network) !== isIPv4(host)) continue
    list.addSubnet(network, prefix, family === 4 ? "ipv4" : "ipv6")
  }
  return list.check(host, isIP(host) === 4 ? "ipv4" : "ipv6")
}
