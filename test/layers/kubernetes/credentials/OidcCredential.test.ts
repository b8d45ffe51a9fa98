import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber } from "effect"
import { TestClock } from "effect/testing"
import { kubeConfigFolder, oneContext } from "../KubeConfigFolder.ts"
import { scriptedTlsApiServer } from "../ScriptedApiServer.ts"
import { tlsFixtures } from "../TlsFixtures.ts"

/** A token that ends at that second; who made it nobody here asks. The test's clock begins at 0. */
const idToken = (name: string, exp: number) =>
  ["{}", JSON.stringify({ sub: name, exp }), name].map((part) => Buffer.from(part).toString("base64url")).join(".")

/** A user of an OpenID provider on loopback, which answers as the test says. */
const loggedIn = Effect.fnUntraced(function*(config: Readonly<Record<string, string>>) {
  const pem = yield* tlsFixtures
  const provider = yield* scriptedTlsApiServer({ cert: pem.nextServer, key: pem.key })
  const folder = yield* kubeConfigFolder
  const all = {
    "idp-issuer-url": `${provider.url}/realm/`,
    "client-id": "kubectl",
    "idp-certificate-authority-data": Buffer.from(pem.nextCa).toString("base64"),
    ...config
  }
  yield* folder.write(
    "config",
    oneContext(`{server: "https://lab:6443"}`, `{auth-provider: {name: oidc, config: ${JSON.stringify(all)}}}`)
  )
  const { headers } = yield* folder.credentials()
  const discovered = Effect.fnUntraced(function*(more: Readonly<Record<string, unknown>> = {}) {
    const discovery = yield* provider.next
    assert.strictEqual(discovery.path, "/realm/.well-known/openid-configuration")
    yield* discovery.answer(200, { issuer: provider.url, token_endpoint: `${provider.url}/token`, ...more })
    return yield* provider.next
  })
  return {
    provider,
    folder,
    discovered,
    authorization: (renew = false) => Effect.map(headers({ renew }), ({ authorization }) => authorization),
    failure: Effect.map(Effect.flip(headers({ renew: false })), ({ message }) => message)
  }
})

describe("an OpenID provider", () => {
  it.effect("is shown a refresh-token once by several connections that begin together", () =>
    Effect.gen(function*() {
      const pem = yield* tlsFixtures
      const { authorization, folder, provider } = yield* loggedIn({
        "refresh-token": "once",
        "idp-certificate-authority-data": "",
        "idp-certificate-authority": "AUTHORITIES"
      })
      yield* folder.write("authorities.pem", pem.nextCa)
      yield* folder.write(
        "config",
        (yield* folder.read("config")).replace("AUTHORITIES", folder.pathOf("authorities.pem"))
      )
      const grants: Array<unknown> = []
      const answering = Effect.gen(function*() {
        const request = yield* provider.next
        if (request.method === "GET") return yield* request.answer(200, { token_endpoint: `${provider.url}/token` })
        grants.push(request.body)
        yield* grants.length === 1
          ? request.answer(200, { id_token: idToken("one", 1000), refresh_token: "next" })
          : request.answer(400, { error: "invalid_grant" })
      })
      yield* Effect.forkScoped(Effect.forever(answering))
      const all = yield* Effect.all([1, 2, 3, 4].map(() => authorization()), { concurrency: "unbounded" })
      assert.deepStrictEqual(new Set(all), new Set([`Bearer ${idToken("one", 1000)}`]))
      assert.deepStrictEqual(grants, [{ grant_type: "refresh_token", refresh_token: "once", client_id: "kubectl" }])
    }))

  it.effect("is not asked while the id-token holds", () =>
    Effect.gen(function*() {
      const token = idToken("one", 3600)
      const { authorization, provider } = yield* loggedIn({ "id-token": token })
      for (let request = 0; request < 3; request++) assert.strictEqual(yield* authorization(), `Bearer ${token}`)
      assert.strictEqual(yield* provider.opened, 0)
    }))

  it.effect("is asked once for a new one, 10 s before its end, with the client's secret", () =>
    Effect.gen(function*() {
      const [one, two, three] = [idToken("one", 100), idToken("two", 1000), idToken("three", 10_000)]
      const { authorization, discovered, provider } = yield* loggedIn({
        "id-token": one,
        "refresh-token": "again",
        "client-secret": "p:w"
      })
      yield* TestClock.adjust("89 seconds")
      assert.strictEqual(yield* authorization(), `Bearer ${one}`)
      yield* TestClock.adjust("1 second")
      const both = yield* Effect.forkChild(Effect.all([authorization(), authorization()], { concurrency: 2 }))
      const asked = yield* discovered()
      assert.deepStrictEqual([asked.method, asked.path], ["POST", "/token"])
      assert.deepStrictEqual(asked.body, { grant_type: "refresh_token", refresh_token: "again" })
      assert.strictEqual(
        asked.headers.authorization,
        `Basic ${Buffer.from("kubectl:p%3Aw").toString("base64")}`
      )
      yield* asked.answer(200, { id_token: two, refresh_token: "next", expires_in: 900 })
      assert.deepStrictEqual(yield* Fiber.join(both), [`Bearer ${two}`, `Bearer ${two}`])
      for (let request = 0; request < 3; request++) assert.strictEqual(yield* authorization(), `Bearer ${two}`)
      assert.strictEqual(yield* provider.untaken, 0)

      // The refresh-token that came with it counts from now on, also after a refusal and the kubeconfig's next reading.
      yield* TestClock.adjust("61 seconds")
      const refused = yield* Effect.forkChild(authorization(true))
      const again = yield* discovered()
      assert.deepStrictEqual(again.body, { grant_type: "refresh_token", refresh_token: "next" })
      yield* again.answer(200, { id_token: three })
      assert.strictEqual(yield* Fiber.join(refused), `Bearer ${three}`)
    }))

  it.effect.each(
    [
      ["none", {}, undefined],
      ["one that goes into the body", { "client-secret": "pw" }, "pw"]
    ] as const
  )("is told the client in the body when there is %s", ([, config, secret]) =>
    Effect.gen(function*() {
      const { authorization, discovered } = yield* loggedIn({ "refresh-token": "again", ...config })
      const asking = yield* Effect.forkChild(authorization())
      const asked = yield* discovered({ token_endpoint_auth_methods_supported: ["client_secret_post"] })
      assert.isUndefined(asked.headers.authorization)
      assert.deepStrictEqual(asked.body, {
        grant_type: "refresh_token",
        refresh_token: "again",
        client_id: "kubectl",
        ...(secret === undefined ? {} : { client_secret: secret })
      })
      yield* asked.answer(200, { id_token: idToken("one", 1000) })
      assert.strictEqual(yield* Fiber.join(asking), `Bearer ${idToken("one", 1000)}`)
    }))
})

describe("an OpenID provider that does not help", () => {
  it.effect("is told with its words, and asked again by the next request", () =>
    Effect.gen(function*() {
      const { authorization, discovered, failure, provider } = yield* loggedIn({ "refresh-token": "again" })
      const failing = yield* Effect.forkChild(failure)
      yield* (yield* discovered()).answer(400, { error: "invalid_grant", error_description: "session ended" })
      assert.strictEqual(
        yield* Fiber.join(failing),
        `cannot read Kubernetes credentials from the OpenID provider ${provider.url}/realm: ` +
          `400: {"error":"invalid_grant","error_description":"session ended"}`
      )
      const asking = yield* Effect.forkChild(authorization())
      yield* (yield* discovered()).answer(200, { id_token: idToken("one", 1000) })
      assert.strictEqual(yield* Fiber.join(asking), `Bearer ${idToken("one", 1000)}`)
    }))

  it.effect.each(
    [
      ["has no token_endpoint", { token_endpoint: 5 }, {}, /its discovery document names no token_endpoint$/],
      ["gives no token", {}, { access_token: "x" }, /it gave no id_token$/],
      ["gives rubbish for one", {}, { id_token: "a\r\nb" }, /it gave no id_token$/]
    ] as const
  )("because it %s is a retryable error", ([, discovery, tokens, told]) =>
    Effect.gen(function*() {
      const { failure, provider } = yield* loggedIn({ "refresh-token": "again" })
      const failing = yield* Effect.forkChild(failure)
      yield* (yield* provider.next).answer(200, { token_endpoint: `${provider.url}/token`, ...discovery })
      if (!("token_endpoint" in discovery)) yield* (yield* provider.next).answer(200, tokens)
      assert.match(yield* Fiber.join(failing), told)
    }))

  it.effect("because it hangs is given up after 20 s, and its connection is closed", () =>
    Effect.gen(function*() {
      const { failure, provider } = yield* loggedIn({ "refresh-token": "again" })
      const failing = yield* Effect.forkChild(failure)
      const hanging = yield* provider.next
      yield* TestClock.adjust("20 seconds")
      assert.match(yield* Fiber.join(failing), /: no answer in 20s$/)
      yield* hanging.closed
    }))

  it.effect("because its certificate is by nobody we know is told", () =>
    Effect.gen(function*() {
      const pem = yield* tlsFixtures
      const { failure } = yield* loggedIn({
        "refresh-token": "again",
        "idp-certificate-authority-data": Buffer.from(pem.ca).toString("base64")
      })
      assert.match(yield* failure, /unable to verify the first certificate/)
    }))

  it.effect("because the log-in is over asks the person", () =>
    Effect.gen(function*() {
      const { failure, provider } = yield* loggedIn({ "id-token": idToken("one", 5) })
      assert.match(yield* failure, /the id-token is over, and .* refresh-token is missing: log in again$/)
      assert.strictEqual(yield* provider.opened, 0)
    }))
})
