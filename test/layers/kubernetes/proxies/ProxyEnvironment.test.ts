import { assert, describe, it } from "@effect/vitest"
import { parseProxyUrl, proxyFor } from "../../../../src/layers/kubernetes/proxies/ProxyEnvironment.ts"

const inService = "https://10.96.0.1:443"
const asked = (noProxy: string, server: string) =>
  proxyFor(server, { httpsProxy: "http://proxy:3128", httpProxy: "http://plain:3128", noProxy })

describe("the proxy of a server", () => {
  it("is the variable of its scheme, or none", () => {
    assert.strictEqual(asked("", inService), "http://proxy:3128")
    assert.strictEqual(asked("", "http://10.96.0.1:8001"), "http://plain:3128")
    assert.isUndefined(proxyFor(inService, { httpsProxy: "", httpProxy: "http://plain:3128", noProxy: "" }))
    assert.isUndefined(asked("", "no URL"))
  })

  it.each(["https://localhost:6443", "https://127.0.0.1:6443", "https://127.9.9.9", "https://[::1]:6443"])(
    "is never asked on loopback: %s",
    (server) => assert.isUndefined(asked("", server))
  )

  // The rules of golang.org/x/net/http/httpproxy, `Config.NoProxy`, and its tests.
  it.each([
    ["*", inService],
    ["other.test, * ,x", "https://api.lab.test:6443"],
    ["10.0.0.0/8", inService],
    ["10.1.2.3/8", inService],
    ["192.168.0.0/16,10.96.0.0/12", inService],
    ["0.0.0.0/0", "https://11.0.0.1"],
    ["fd00::/8", "https://[fd00::1]:6443"],
    ["::/0", "https://[fd00::1]:6443"],
    ["10.96.0.1", "https://10.96.0.1:6443"],
    ["10.96.0.1:443", "https://10.96.0.1"],
    ["fd00::1", "https://[fd00::1]:6443"],
    ["[fd00::1]:6443", "https://[fd00::1]:6443"],
    ["::ffff:10.96.0.1", inService],
    ["10.0.0.0/8", "https://[::ffff:10.96.0.1]:6443"],
    ["lab.test", "https://lab.test"],
    ["lab.test", "https://api.lab.test:6443"],
    [" LAB.test ", "https://API.lab.Test"],
    ["lab.test:6443", "https://api.lab.test:6443"],
    [".lab.test", "https://api.lab.test"],
    ["*.lab.test", "https://api.lab.test"],
    [".svc,.cluster.local", "https://kubernetes.default.svc"],
    ["kubernetes", "https://kubernetes"],
    ["bücher.test", "https://bücher.test"]
  ])("is passed by with NO_PROXY=%s for %s", (noProxy, server) => assert.isUndefined(asked(noProxy, server)))

  it.each([
    ["", inService],
    [",, ,", inService],
    ["10.96.0.1:6443", inService],
    ["10.0.0.0/8", "https://11.0.0.1"],
    ["10.0.0.0/33", inService],
    ["::/0", inService],
    ["10.96.0.1/", inService],
    // Node's form of a range, not Go's.
    ["10.96.0.0-10.96.0.9", inService],
    [".lab.test", "https://lab.test"],
    ["*.lab.test", "https://lab.test"],
    ["lab.test", "https://notlab.test"],
    ["lab.test:6443", "https://lab.test"],
    ["*lab.test", "https://api.lab.test"],
    [":443", inService],
    ["0.1", inService]
  ])(
    "is asked with NO_PROXY=%s for %s",
    (noProxy, server) => assert.strictEqual(asked(noProxy, server), "http://proxy:3128")
  )
})

describe("a proxy's address", () => {
  it.each([
    ["proxy:3128", "http://proxy:3128/"],
    ["proxy", "http://proxy/"],
    [" http://proxy:3128 ", "http://proxy:3128/"],
    ["https://me:pw@proxy", "https://me:pw@proxy/"],
    ["socks5://proxy:1080", "socks5://proxy:1080"],
    ["[fd00::1]:3128", "http://[fd00::1]:3128/"]
  ])("may be %s", (text, url) => assert.strictEqual(parseProxyUrl(text)?.href, url))

  it.each(["http://", "http://proxy:port", "://", "a b"])(
    "cannot be %s",
    (text) => assert.isUndefined(parseProxyUrl(text))
  )
})
