import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, Layer, Option } from "effect"
import { nodePTPDevs } from "../../../../src/services/kubernetes/NodePTPDev.ts"
import { kubeConfigFolder, oneContext } from "../KubeConfigFolder.ts"
import { scriptedTlsApiServer } from "../ScriptedApiServer.ts"
import { buildApi } from "../ScriptedClient.ts"
import { devices } from "../ScriptedDevice.ts"
import { scriptedProxy } from "../ScriptedProxy.ts"
import { tlsFixtures } from "../TlsFixtures.ts"

const base64 = (text: string) => Buffer.from(text).toString("base64")

/** A client by kubeconfig of a server that may ask for client certificates. */
const connected = Effect.fnUntraced(function*(
  cert: "nextServer" | "elsewhereServer",
  config: (pem: Effect.Success<typeof tlsFixtures>, url: string) => readonly [cluster: string, user: string]
) {
  const pem = yield* tlsFixtures
  const server = yield* scriptedTlsApiServer({ cert: pem[cert], key: pem.key, clientCa: pem.nextCa })
  const folder = yield* kubeConfigFolder
  yield* folder.write("client.pem", pem.clientOne)
  yield* folder.write("client.key", pem.key)
  yield* folder.write("config", oneContext(...config(pem, server.url)))
  const api = yield* buildApi(Layer.orDie(folder.layer))
  return { pem, server, folder, asking: Effect.forkChild(api.get(nodePTPDevs, "worker-1")) }
})

describe("a server of a kubeconfig", () => {
  it.effect("is shown the client certificate in its files, and the renewed one after a 401", () =>
    Effect.gen(function*() {
      const { asking, folder, pem, server } = yield* connected("nextServer", ({ nextCa }, url) => [
        `{server: "${url}", certificate-authority-data: ${base64(nextCa)}}`,
        "{client-certificate: client.pem, client-key: client.key}"
      ])
      const found = yield* asking
      const first = yield* server.next
      assert.strictEqual(first.clientName, "client-one")
      yield* folder.write("client.pem", pem.clientTwo)
      yield* first.answer(401, { kind: "Status", code: 401 })
      const second = yield* server.next
      assert.deepStrictEqual([second.clientName, second.connection], ["client-two", 2])
      yield* second.answer(200, devices)
      assert.isTrue(Option.isSome(yield* Fiber.join(found)))
    }))

  it.effect("is shown the client certificate that stands in it", () =>
    Effect.gen(function*() {
      const { asking, server } = yield* connected("nextServer", ({ clientTwo, key, nextCa }, url) => [
        `{server: "${url}", certificate-authority-data: ${base64(nextCa)}}`,
        `{client-certificate-data: ${base64(clientTwo)}, client-key-data: ${base64(key)}}`
      ])
      const found = yield* asking
      const request = yield* server.next
      assert.strictEqual(request.clientName, "client-two")
      yield* request.answer(200, devices)
      yield* Fiber.join(found)
    }))

  it.effect("may have the certificate of tls-server-name", () =>
    Effect.gen(function*() {
      const { asking, server } = yield* connected("elsewhereServer", ({ nextCa }, url) => [
        `{server: "${url}", tls-server-name: elsewhere.test, certificate-authority-data: ${base64(nextCa)}}`,
        "{token: secret}"
      ])
      const found = yield* asking
      const request = yield* server.next
      assert.strictEqual(request.headers.authorization, "Bearer secret")
      yield* request.answer(200, devices)
      assert.isTrue(Option.isSome(yield* Fiber.join(found)))
    }))

  it.effect("may have any certificate with insecure-skip-tls-verify, and not without", () =>
    Effect.gen(function*() {
      const { asking, server } = yield* connected("elsewhereServer", (_, url) => [
        `{server: "${url}", insecure-skip-tls-verify: true}`,
        "{token: secret}"
      ])
      const found = yield* asking
      yield* (yield* server.next).answer(200, devices)
      assert.isTrue(Option.isSome(yield* Fiber.join(found)))
      const strict = yield* connected("elsewhereServer", (_, url) => [`{server: "${url}"}`, "{token: secret}"])
      assert.match((yield* Effect.flip(Fiber.join(yield* strict.asking))).detail, /^SELF_SIGNED_CERT_IN_CHAIN/)
    }))

  it.effect("is asked through proxy-url", () =>
    Effect.gen(function*() {
      const proxy = yield* scriptedProxy()
      const { asking, server } = yield* connected("nextServer", ({ nextCa }, url) => [
        `{server: "${url.replace("127.0.0.1", "api.lab.test")}", proxy-url: "http://me:pw@${proxy.host}",
          certificate-authority-data: ${base64(nextCa)}}`,
        "{token: secret}"
      ])
      const found = yield* asking
      const asked = yield* proxy.next
      assert.deepStrictEqual([asked.target, asked.login], [`api.lab.test:${server.port}`, "me:pw"])
      yield* asked.allow
      yield* (yield* server.next).answer(200, devices)
      assert.isTrue(Option.isSome(yield* Fiber.join(found)))
    }))
})
