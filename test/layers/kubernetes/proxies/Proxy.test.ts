import { assert, describe, it } from "@effect/vitest"
import { ConfigProvider, Effect, Fiber, Layer, Option, Queue, Stream } from "effect"
import { TestClock } from "effect/testing"
import type { KubernetesApi } from "../../../../src/services/kubernetes/KubernetesApi.ts"
import { KubernetesCredentials } from "../../../../src/services/kubernetes/KubernetesCredentials.ts"
import { nodes } from "../../../../src/services/kubernetes/Node.ts"
import { nodePTPDevs } from "../../../../src/services/kubernetes/NodePTPDev.ts"
import { keepAliveSeconds } from "../KernelTimers.ts"
import { scriptedApiServer, type ScriptedRequest, scriptedTlsApiServer } from "../ScriptedApiServer.ts"
import { buildApi } from "../ScriptedClient.ts"
import { devices } from "../ScriptedDevice.ts"
import { scriptedProxy } from "../ScriptedProxy.ts"
import { listOf } from "../ScriptedWatch.ts"
import { tlsFixtures } from "../TlsFixtures.ts"

const node = { apiVersion: "v1", kind: "Node", metadata: { name: "worker-1", resourceVersion: "41" } }

/** A client of `server`, with these variables in its environment, and maybe a proxy-url of its kubeconfig. */
const client = Effect.fnUntraced(function*(
  server: string,
  environment: Readonly<Record<string, string>>,
  proxy?: string
) {
  const { nextCa } = yield* tlsFixtures
  return yield* buildApi(Layer.succeed(KubernetesCredentials, {
    server,
    ...(proxy === undefined ? {} : { proxy }),
    headers: () => Effect.succeed({}),
    tls: Effect.succeed({ ca: nextCa })
  })).pipe(
    Effect.provideService(ConfigProvider.ConfigProvider, ConfigProvider.fromEnv({ env: { ...environment } }))
  )
})

/** An API server that has a name only its proxy knows. */
const namedServer = Effect.gen(function*() {
  const pem = yield* tlsFixtures
  const server = yield* scriptedTlsApiServer({ cert: pem.nextServer, key: pem.key })
  return { ...server, pem, target: `api.lab.test:${server.port}`, url: `https://api.lab.test:${server.port}` }
})

const get = (api: KubernetesApi["Service"]) => api.get(nodePTPDevs, "worker-1")

const answered = Effect.fnUntraced(function*(
  found: Fiber.Fiber<Option.Option<unknown>, unknown>,
  server: { readonly next: Effect.Effect<ScriptedRequest> }
) {
  const request = yield* server.next
  yield* request.answer(200, devices)
  assert.isTrue(Option.isSome(yield* Fiber.join(found)))
  return request
})

describe("a proxy", () => {
  it.effect.each([["HTTPS_PROXY"], ["https_proxy"]] as const)(
    "that %s names is asked by CONNECT once for many requests, and the certificate is still the server's",
    ([variable]) =>
      Effect.gen(function*() {
        const server = yield* namedServer
        const proxy = yield* scriptedProxy()
        const api = yield* client(server.url, { [variable]: `http://${proxy.host}` })
        const first = yield* Effect.forkChild(get(api))
        const asked = yield* proxy.next
        assert.deepStrictEqual([asked.target, asked.login], [server.target, ""])
        yield* asked.allow
        const request = yield* answered(first, server)
        assert.strictEqual(request.headers.host, server.target)
        for (let more = 0; more < 5; more++) {
          assert.strictEqual((yield* answered(yield* Effect.forkChild(get(api)), server)).connection, 1)
        }
        assert.strictEqual(yield* proxy.untaken, 0)
      })
  )

  it.effect("has one tunnel for requests at once, and one for each watch, kept alive by TCP every 30 s", () =>
    Effect.gen(function*() {
      const server = yield* namedServer
      const proxy = yield* scriptedProxy()
      const environment = { HTTPS_PROXY: proxy.host }
      const api = yield* client(server.url, environment)
      const asking = yield* Effect.forkChild(Effect.all([get(api), get(api), get(api)], { concurrency: "unbounded" }))
      yield* (yield* proxy.next).allow
      for (let request = 0; request < 3; request++) yield* (yield* server.next).answer(200, devices)
      yield* Fiber.join(asking)
      const sets = yield* Queue.unbounded<string>()
      yield* api.watchAll(nodes).pipe(
        Stream.runForEach(({ change }) => Queue.offer(sets, change.type)),
        Effect.provideService(ConfigProvider.ConfigProvider, ConfigProvider.fromEnv({ env: environment })),
        Effect.forkScoped
      )
      const tunnel = yield* proxy.next
      yield* tunnel.allow
      yield* (yield* server.next).answer(200, listOf("40"))
      assert.strictEqual(yield* Queue.take(sets), "LISTED")
      const watch = yield* server.next
      yield* watch.open
      assert.strictEqual(watch.connection, 2)
      // Until it is told, the request may be under way, and another timer runs.
      yield* watch.sendEvent("ADDED", node)
      assert.strictEqual(yield* Queue.take(sets), "ADDED")
      const seconds = keepAliveSeconds(tunnel.clientPort, proxy.port)
      assert.isAbove(seconds, 0)
      assert.isAtMost(seconds, 30)
      assert.strictEqual(yield* proxy.untaken, 0)
    }))

  it.effect("gets user and password of its URL, and its 407 says what is missing", () =>
    Effect.gen(function*() {
      const server = yield* namedServer
      const proxy = yield* scriptedProxy()
      const api = yield* client(server.url, { HTTPS_PROXY: `http://me:p%40ss@${proxy.host}` })
      const failure = yield* Effect.forkChild(Effect.flip(get(api)))
      const refused = yield* proxy.next
      assert.strictEqual(refused.login, "me:p@ss")
      yield* refused.refuse("407 Proxy Authentication Required")
      const error = yield* Fiber.join(failure)
      assert.strictEqual(error.reason, "Unreachable")
      assert.strictEqual(
        error.detail,
        `ERR_PROXY_TUNNEL: by proxy http://${proxy.host}: 407 Proxy Authentication Required: ` +
          "it wants a user and a password in its URL"
      )
      yield* refused.closed
      const found = yield* Effect.forkChild(get(api))
      yield* (yield* proxy.next).allow
      yield* answered(found, server)
    }))

  it.effect.each(
    [
      ["refuses", "403 Forbidden", /: 403 Forbidden$/],
      ["cannot reach the server", "502 Bad Gateway", /: 502 Bad Gateway$/],
      ["ends", "end", /: it closed the connection$/],
      ["resets", "reset", /: ECONNRESET: /],
      ["is no proxy", "say", /: its answer is not HTTP$/]
    ] as const
  )("that %s is told by name, and asked again by the next request", ([, what, told]) =>
    Effect.gen(function*() {
      const server = yield* namedServer
      const proxy = yield* scriptedProxy()
      const api = yield* client(server.url, { HTTPS_PROXY: `http://me:secret@${proxy.host}` })
      const failure = yield* Effect.forkChild(Effect.flip(get(api)))
      const refused = yield* proxy.next
      if (what === "end") yield* refused.hangUp
      else if (what === "reset") yield* refused.reset
      else if (what === "say") yield* refused.say("SSH-2.0-OpenSSH_10\r\n\r\n")
      else yield* refused.refuse(what)
      const error = yield* Fiber.join(failure)
      assert.match(error.detail, told)
      assert.include(error.detail, `by proxy http://${proxy.host}: `)
      assert.notInclude(error.message, "secret")
      const found = yield* Effect.forkChild(get(api))
      yield* (yield* proxy.next).allow
      yield* answered(found, server)
    }))

  it.effect("that is not there is told by name", () =>
    Effect.gen(function*() {
      const server = yield* namedServer
      const { host } = yield* Effect.scoped(scriptedProxy())
      const api = yield* client(server.url, { HTTPS_PROXY: host })
      assert.match((yield* Effect.flip(get(api))).detail, /by proxy http:\/\/127\.0\.0\.1:\d+: ECONNREFUSED: /)
    }))

  it.effect("that hangs is given up after 30 s, and its connection is closed", () =>
    Effect.gen(function*() {
      const server = yield* namedServer
      const proxy = yield* scriptedProxy()
      const api = yield* client(server.url, { HTTPS_PROXY: proxy.host })
      for (let attempt = 0; attempt < 2; attempt++) {
        const failure = yield* Effect.forkChild(Effect.flip(get(api)))
        const hanging = yield* proxy.next
        yield* TestClock.adjust("30 seconds")
        assert.strictEqual((yield* Fiber.join(failure)).detail, "no answer in 30s")
        yield* hanging.closed
      }
      const found = yield* Effect.forkChild(get(api))
      yield* (yield* proxy.next).allow
      yield* answered(found, server)
    }))

  it.effect("loses its tunnel with the request that is interrupted", () =>
    Effect.gen(function*() {
      const server = yield* namedServer
      const proxy = yield* scriptedProxy()
      const api = yield* client(server.url, { HTTPS_PROXY: proxy.host })
      const asking = yield* Effect.forkChild(get(api))
      const tunnel = yield* proxy.next
      yield* tunnel.allow
      const request = yield* server.next
      yield* Fiber.interrupt(asking)
      yield* tunnel.closed
      yield* request.closed
    }))

  it.effect("that breaks an open tunnel breaks the request, which can be made again", () =>
    Effect.gen(function*() {
      const server = yield* namedServer
      const proxy = yield* scriptedProxy()
      const api = yield* client(server.url, { HTTPS_PROXY: proxy.host })
      const failure = yield* Effect.forkChild(Effect.flip(get(api)))
      const tunnel = yield* proxy.next
      yield* tunnel.allow
      yield* server.next
      yield* tunnel.reset
      assert.strictEqual((yield* Fiber.join(failure)).reason, "Unreachable")
      const found = yield* Effect.forkChild(get(api))
      yield* (yield* proxy.next).allow
      yield* answered(found, server)
    }))

  it.effect("may speak TLS itself, with a certificate of the cluster's authority", () =>
    Effect.gen(function*() {
      const server = yield* namedServer
      const proxy = yield* scriptedProxy({ cert: server.pem.nextServer, key: server.pem.key })
      const api = yield* client(server.url, { HTTPS_PROXY: `https://${proxy.host}` })
      const found = yield* Effect.forkChild(get(api))
      const asked = yield* proxy.next
      assert.strictEqual(asked.target, server.target)
      yield* asked.allow
      yield* answered(found, server)
    }))

  it.effect("with a certificate of somebody else is not asked", () =>
    Effect.gen(function*() {
      const server = yield* namedServer
      const proxy = yield* scriptedProxy({ cert: server.pem.server, key: server.pem.key })
      const api = yield* client(server.url, { HTTPS_PROXY: `https://me:secret@${proxy.host}` })
      assert.match((yield* Effect.flip(get(api))).detail, /by proxy https:\/\/127\S+: UNABLE_TO_VERIFY_LEAF_SIGNATURE/)
      assert.strictEqual(yield* proxy.untaken, 0)
    }))

  it.effect.each(["ftp://127.0.0.1:21", "http://", "socks5://127.0.0.1:1080"])(
    "that cannot be one (%s) is told, and the server is not asked without it",
    (text) =>
      Effect.gen(function*() {
        const server = yield* namedServer
        const api = yield* client(server.url, { HTTPS_PROXY: text })
        const error = yield* Effect.flip(get(api))
        assert.match(error.detail, /^no Kubernetes credentials from HTTPS_PROXY, HTTP_PROXY or proxy-url: /)
        assert.strictEqual(yield* server.opened, 0)
      })
  )

  it.effect("is passed by for what NO_PROXY names, and on loopback", () =>
    Effect.gen(function*() {
      const pem = yield* tlsFixtures
      const server = yield* scriptedTlsApiServer({ cert: pem.nextServer, key: pem.key })
      const proxy = yield* scriptedProxy()
      const loopback = yield* client(server.url, { HTTPS_PROXY: proxy.host })
      yield* answered(yield* Effect.forkChild(get(loopback)), server)
      const named = yield* client("https://api.lab.test:1", {
        HTTPS_PROXY: proxy.host,
        NO_PROXY: "10.0.0.0/8,.lab.test"
      })
      // Nobody else knows that name: it was resolved here.
      assert.match((yield* Effect.flip(get(named))).detail, /api\.lab\.test/)
      assert.strictEqual(yield* proxy.untaken, 0)
    }))

  it.effect("that a kubeconfig names goes before the environment, and before NO_PROXY", () =>
    Effect.gen(function*() {
      const server = yield* namedServer
      const [other, proxy] = [yield* scriptedProxy(), yield* scriptedProxy()]
      const environment = { HTTPS_PROXY: other.host, NO_PROXY: "*" }
      const api = yield* client(server.url, environment, `http://${proxy.host}`)
      const found = yield* Effect.forkChild(get(api))
      yield* (yield* proxy.next).allow
      yield* answered(found, server)
      assert.strictEqual(yield* other.untaken, 0)
    }))

  it.effect("is told an IPv6 address in brackets", () =>
    Effect.gen(function*() {
      const proxy = yield* scriptedProxy()
      const api = yield* client("https://[fd00::1]:6443", { HTTPS_PROXY: proxy.host, NO_PROXY: "10.0.0.0/8,::1" })
      const failure = yield* Effect.forkChild(Effect.flip(get(api)))
      const asked = yield* proxy.next
      assert.strictEqual(asked.target, "[fd00::1]:6443")
      yield* asked.refuse("403 Forbidden")
      assert.match((yield* Fiber.join(failure)).detail, /403 Forbidden$/)
    }))

  it.effect("of HTTP_PROXY is asked for a server without TLS, by the whole URL", () =>
    Effect.gen(function*() {
      // What a proxy for plain HTTP gets is an ordinary request.
      const proxy = yield* scriptedApiServer
      const api = yield* client("http://api.lab.test:8001", {
        HTTP_PROXY: proxy.url,
        HTTPS_PROXY: "http://127.0.0.1:1"
      })
      const request = yield* answered(yield* Effect.forkChild(get(api)), proxy)
      assert.strictEqual(request.headers.host, "api.lab.test:8001")
    }))
})
